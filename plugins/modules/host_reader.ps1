#!powershell

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#Requires -Version 5.1
#AnsibleRequires -CSharpUtil ..module_utils.TlsFleetAdmin
#AnsibleRequires -CSharpUtil ..module_utils.TlsFleetCertificates
#AnsibleRequires -CSharpUtil ..module_utils.TlsFleetDocument
#AnsibleRequires -CSharpUtil ..module_utils.TlsFleetErrors
#AnsibleRequires -CSharpUtil ..module_utils.TlsFleetHttpNative
#AnsibleRequires -CSharpUtil ..module_utils.TlsFleetHttpRecords
#AnsibleRequires -CSharpUtil ..module_utils.TlsFleetIisConfig
#AnsibleRequires -CSharpUtil ..module_utils.TlsFleetJson
#AnsibleRequires -CSharpUtil ..module_utils.TlsFleetKeyNative
#AnsibleRequires -CSharpUtil ..module_utils.TlsFleetPorts
#AnsibleRequires -CSharpUtil ..module_utils.TlsFleetReader
#AnsibleRequires -CSharpUtil ..module_utils.TlsFleetTraces
#AnsibleRequires -CSharpUtil ..module_utils.TlsFleetUsers
#AnsibleRequires -CSharpUtil ..module_utils.TlsFleetWindows
#AnsibleRequires -CSharpUtil ..module_utils.TlsFleetWindowsStores
#AnsibleRequires -CSharpUtil ..module_utils.TlsFleetXml

# Reads the HTTPS state of this host (docs/contracts.md, section 6). Everything is done, and every failure answered, by the C# engine.

# Nothing may follow the JSON, or the answer is lost.
[TlsFleet.Reader]::Run($complex_args)
