#!powershell

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#Requires -Version 5.1

# Carries out the steps of a plan on this host (docs/contracts.md, section 6), with probe and undo.
# The engine that does it is not part of this version, so there is one answer only.

$answer = @{
    changed = $false
    failed = $true
    contract = 1
    msg = 'The part of tlsfleet.iis that changes a Windows host is not included in this version. Nothing was changed.'
    error = @{
        code = 'engine_missing'
        place = ''
        hint = 'Use a version with the host engine for real hosts. This version works with simulated hosts only.'
        step = $null
        call = $null
        number = $null
    }
}

# Nothing may follow the JSON, or the answer is lost.
ConvertTo-Json -InputObject $answer -Depth 3 -Compress
