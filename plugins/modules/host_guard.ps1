#!powershell

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#Requires -Version 5.1
#AnsibleRequires -CSharpUtil ..module_utils.Reading
#AnsibleRequires -CSharpUtil ..module_utils.Applying
#AnsibleRequires -CSharpUtil ..module_utils.Guarding

# Carries out the steps of a plan as host_applier does, and lets the host undo them unless they are confirmed in time
# (docs/contracts.md, section 6). Everything is done, and every failure answered, by the C# engine.

# Nothing may follow the JSON, or the answer is lost.
[TlsFleet.Guard]::Run($complex_args)
