#!powershell

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#Requires -Version 5.1

# Only whoever goes past the action comes here: ansible_facts_modules does.

$answer = @{
    changed = $false
    failed = $true
    msg = 'tlsfleet.iis.https_bindings_facts works on the controller and cannot be named in ansible_facts_modules. Call it as a task instead.'
}

# Nothing may follow the JSON, or the answer is lost.
ConvertTo-Json -InputObject $answer -Depth 3 -Compress
