# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site that is not there: which of those that are there was perhaps meant."""

from __future__ import annotations

from bisect import bisect_left
from difflib import get_close_matches

from ..model.host import Host

#: So many sites are named; of the others only how many they are.
_NAMED = 5
#: So many names on either side in the alphabet are compared: a host may have thousands of sites, a request as many faults.
_COMPARED = 250


def no_site(host: Host, name: str) -> str:
    """Says that the host has no such site, and names the nearest ones, or all where they are few."""
    spelled = {site.name.lower(): site.name for site in host.sites}
    names, asked = sorted(spelled), name.lower()
    place = bisect_left(names, asked)
    around = names[max(place - _COMPARED, 0) : place + _COMPARED]
    near = get_close_matches(asked, around, _NAMED)
    few = [*near, *(other for other in names if other not in near)] if len(names) <= _NAMED else near
    listed = ", ".join(spelled[key] for key in few)
    if len(names) <= _NAMED:
        told = f"there are: {listed}" if few else "there is none"
    elif near:
        told = f"nearest: {listed}, and {len(names) - len(near)} more"
    else:
        told = f"there are {len(names)}, none of a name like that"
    return f"no site {name!r} on {host.name} ({told})"
