# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The IIS configuration files of a state folder, as text. Nothing of them is copied from an IIS installation."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import quoteattr

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
SHARE = r"\\simulated\config"
#: What XML 1.0 cannot hold, in any notation.
_IMPOSSIBLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINES = {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}


def attribute(value: str) -> str:
    """A quoted attribute value. Raises ValueError for characters XML has no notation for."""
    if _IMPOSSIBLE.search(value):
        raise ValueError(f"{value!r}: a configuration file cannot hold this text")
    return quoteattr(value, _LINES)


def application_host(sites: list[dict[str, Any]], mappers: list[dict[str, Any]] | None = None) -> str:
    """applicationHost.config with these sites and mappers (docs/contracts.md, ``sites[]`` and ``mappers[]``)."""
    head = (HEAD, "<configuration>\n", *_sections(), "  <system.applicationHost>\n")
    return "".join((*head, *_sites(sites), *_mappers(mappers or []), _TAIL))


def _sections() -> Iterator[str]:
    yield '  <configSections>\n    <sectionGroup name="system.applicationHost">\n'
    for name in ("applicationPools", "sites"):
        yield f'      <section name="{name}" allowDefinition="AppHostOnly" overrideModeDefault="Deny" />\n'
    yield "    </sectionGroup>\n  </configSections>\n"


def _sites(sites: list[dict[str, Any]]) -> Iterator[str]:
    yield '    <applicationPools>\n      <add name="DefaultAppPool" />\n    </applicationPools>\n    <sites>\n'
    for site in sites:
        yield f'      <site name={attribute(site["name"])} id="{site["id"]}">\n'
        yield '        <application path="/">\n'
        yield '          <virtualDirectory path="/" physicalPath="%SystemDrive%\\inetpub\\wwwroot" />\n'
        yield "        </application>\n        <bindings>\n"
        for binding in site["bindings"]:
            protocol, information = attribute(binding["protocol"]), attribute(binding["information"])
            flags = binding.get("ssl_flags")
            more = "" if flags is None else f' sslFlags="{flags}"'
            yield f"          <binding protocol={protocol} bindingInformation={information}{more} />\n"
        yield "        </bindings>\n      </site>\n"


def _mappers(mappers: list[dict[str, Any]]) -> Iterator[str]:
    """What IIS 6 compatibility keeps; it is closed with the section of the sites."""
    yield _DEFAULTS
    if mappers:
        yield "    <customMetadata>\n"
        for mapper in mappers:
            store = f'<property id="5511" dataType="String" value={attribute(mapper["store"])} />'
            data = base64.b64encode(bytes.fromhex(mapper["thumbprint"])).decode("ascii")
            hash_ = f'<property id="5506" dataType="Binary" value="{data}" />'
            yield f'      <key path="LM/W3SVC/{mapper["site"]}">{store}{hash_}</key>\n'
        yield "    </customMetadata>\n"


_DEFAULTS = """\
      <siteDefaults>
        <logFile logFormat="W3C" directory="%SystemDrive%\\inetpub\\logs\\LogFiles" />
      </siteDefaults>
      <applicationDefaults applicationPool="DefaultAppPool" />
      <virtualDirectoryDefaults allowSubDirConfig="true" />
    </sites>
"""
_TAIL = """\
  </system.applicationHost>
</configuration>
"""


def redirection(enabled: bool) -> str:
    """redirection.config: to the share, or nowhere."""
    more = f' enabled="true" path="{SHARE}" userName="" password=""' if enabled else ""
    return f"""{HEAD}<configuration>
  <configSections>
    <section name="configurationRedirection" />
  </configSections>
  <configurationRedirection{more} />
</configuration>
"""


def schema(ssl_flags: bool) -> str:
    """The part of the IIS schema that describes a binding; ``ssl_flags``: does it know the attribute."""
    flags = '\n            <attribute name="sslFlags" type="uint" defaultValue="0" />' if ssl_flags else ""
    return f"""{HEAD}<configSchema>
  <sectionSchema name="system.applicationHost/sites">
    <collection addElement="site">
      <attribute name="name" type="string" required="true" isUniqueKey="true" />
      <attribute name="id" type="uint" required="true" isUniqueKey="true" />
      <element name="bindings">
        <collection addElement="binding" clearElement="clear">
          <attribute name="protocol" type="string" required="true" isCombinedKey="true" />
          <attribute name="bindingInformation" type="string" required="true" isCombinedKey="true" />{flags}
        </collection>
      </element>
    </collection>
  </sectionSchema>
</configSchema>
"""
