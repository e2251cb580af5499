# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a WinRS command wants: command line and standard input → :class:`Call`. Pure; knows no host and no socket.

ansible-core sends a bootstrap script in the command line and the work itself on standard input, in one of two forms:

- up to 2.18: source text of its exec wrapper, four NUL bytes, one JSON object with ``module_args``;
- from 2.19: a JSON object ``{name, script, params}``, four NUL bytes, a JSON manifest ``{scripts, actions}``, which
  2.22 sends as gzip in base64 where that is shorter, with the arguments as a JSON text of their own.

Which of the two it is shows in the first byte that is no blank; the version is never asked for.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import re
import zlib
from dataclasses import dataclass, field
from typing import Any, Literal

SEPARATOR = b"\0\0\0\0"
PRIVATE = "_ansible_"
# The name of the Python package of all collections, as in "<it>.ns.name.plugins.modules.x.ps1".
COLLECTIONS = "_".join(("ansible", "collections"))
COLLECTION_MODULE = re.compile(COLLECTIONS + r"\.(\w+\.\w+)\.plugins\.modules\.([\w.]+)\.ps1")
ENCODED = re.compile(r"\s-EncodedCommand\s+'?([A-Za-z0-9+/=]+)", re.IGNORECASE)
REMOVE = re.compile(
    r"^\s*Remove-Item\s+(?:-LiteralPath\s+)?(\S.*?)\s+-Force(?:\s+-Recurse)?\s*;?\s*$", re.IGNORECASE | re.M
)
MKDTEMP = re.compile(r"\$tmp_path\s*=.*?\(\s*'([^']*)'\s*\).*?-Name\s+'([^']*)'", re.IGNORECASE | re.DOTALL)
# cmd.exe takes no longer line.
LONGEST_LINE = 8191
# Encoding adds at most a second layer (up to ansible-core 2.18); one more is room, not need.
MOST_LAYERS = 3


@dataclass(frozen=True)
class Call:
    """One thing a controller wants from a host.

    ``kind`` ``module``: ``name`` is the module as sent or resolved, ``args`` its arguments without Ansible's own,
    ``become`` the user it is to run as where that is another one than the connection's.
    ``remove``: ``name`` is the path. ``mkdtemp``: ``name`` is the wanted directory. ``unknown``: ``name`` says what it was.
    """

    kind: Literal["module", "remove", "mkdtemp", "unknown"]
    name: str
    args: dict[str, Any] = field(default_factory=dict)
    check_mode: bool = False
    diff: bool = False
    verbosity: int = 0
    become: str | None = None


def decode(line: str, stdin: bytes) -> Call:
    """Tell what the command is. Never raises: what is not understood is of the kind ``unknown``."""
    if len(line) > LONGEST_LINE:
        return unknown(f"command line of {len(line)} characters, cmd.exe takes {LONGEST_LINE}")
    return decode_script(line, stdin)


def decode_script(line: str, stdin: bytes) -> Call:
    """The same for PowerShell text that no cmd.exe limits, which is what PowerShell remoting brings."""
    try:
        script = innermost(line)
        if not stdin.strip():
            return decode_chore(script)
        return decode_v2(stdin) if stdin.lstrip().startswith(b"{") else decode_v1(stdin)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, StopIteration) as fault:
        return unknown(f"payload that cannot be decoded ({type(fault).__name__}: {fault})")


def unknown(what: str) -> Call:
    return Call("unknown", what)


def innermost(line: str) -> str:
    """The script behind ``-EncodedCommand``, however often it was wrapped; the line itself when there is none."""
    for _layer in range(MOST_LAYERS):
        match = ENCODED.search(line)
        if match is None:
            break
        try:
            line = base64.b64decode(match.group(1), validate=True).decode("utf-16-le")
        except binascii.Error as fault:
            raise ValueError(f"-EncodedCommand: {fault}") from fault
    return line


def reads_input(line: str) -> bool:
    """Does the script of a command line look at standard input?"""
    try:
        return "$input" in innermost(line)
    except ValueError:
        return False


def decode_chore(script: str) -> Call:
    """Bare PowerShell text without standard input: only the two chores around temporary directories are known."""
    removal = REMOVE.search(script)
    if removal:
        return Call("remove", removal.group(1).strip("'\""))
    directory = MKDTEMP.search(script)
    if directory:
        return Call("mkdtemp", directory.group(1) + "\\" + directory.group(2))
    return unknown(f"script: {shortened(script)}")


def decode_v1(stdin: bytes) -> Call:
    """Exec wrapper source, NUL bytes, JSON."""
    _wrapper, separator, rest = stdin.partition(SEPARATOR)
    if not separator:
        return unknown(f"standard input without a payload: {shortened(stdin.decode(errors='replace'))}")
    payload = json.loads(rest)
    *wrappers, _module = actions = payload["actions"]
    if wrappers not in ([], ["become_wrapper"]):
        return unknown(f"wrappers around a module: {', '.join(wrappers)}")
    args = payload["module_args"]
    name = args.get("_ansible_module_name")
    if not name:
        return unknown(f"payload without a module name (action {actions[0]})")
    return module_call(str(name), args, str(payload["become_user"]) if wrappers else None)


def decode_v2(stdin: bytes) -> Call:
    """Bootstrap JSON, NUL bytes, manifest JSON."""
    _bootstrap, separator, rest = stdin.partition(SEPARATOR)
    if not separator:
        return unknown("standard input without a manifest")
    # Connection plugins append their own data behind a second separator (file transfer); no chore here needs it.
    *wrappers, last = json.loads(unpacked(rest.partition(SEPARATOR)[0]))["actions"]
    names = [wrapper["name"] for wrapper in wrappers]
    if names not in ([], ["become_wrapper.ps1"]):
        return unknown(f"wrappers around a module: {', '.join(names)}")
    become = str(wrappers[0]["params"]["BecomeUser"]) if wrappers else None
    name, params = last["name"], last["params"]
    if name == "powershell_mkdtemp.ps1":
        return Call("mkdtemp", f"{params['Directory']}\\{params['Name']}")
    if name != "module_wrapper.ps1" or not params.get("ForModule"):
        return unknown(f"script {params.get('Script', name)}")
    if "ArgumentJSON" in params:
        args = json.loads(params["ArgumentJSON"])
    else:
        args = next(item["Value"] for item in params["Variables"] if item["Name"] == "complex_args")
    script = str(params["Script"])
    match = COLLECTION_MODULE.fullmatch(script)
    resolved = ".".join(match.groups()) if match else script.removesuffix(".ps1")
    return module_call(resolved, args, become)


def unpacked(manifest: bytes) -> bytes:
    """A manifest as JSON text, however it was sent. Raises ValueError."""
    if manifest.lstrip().startswith(b"{"):
        return manifest
    try:
        return gzip.decompress(base64.b64decode(manifest.strip(), validate=True))
    except (binascii.Error, OSError, EOFError, zlib.error) as fault:
        raise ValueError(f"a manifest that is neither JSON nor gzip: {fault}") from fault


def module_call(name: str, args: dict[str, Any], become: str | None) -> Call:
    """A module call with Ansible's own arguments taken out."""
    own = {key: value for key, value in args.items() if key.startswith(PRIVATE)}
    return Call(
        "module",
        name,
        {key: value for key, value in args.items() if key not in own},
        check_mode=bool(own.get("_ansible_check_mode", False)),
        diff=bool(own.get("_ansible_diff", False)),
        verbosity=int(own.get("_ansible_verbosity", 0)),
        become=become,
    )


def shortened(text: str, most: int = 120) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else text[:most] + "..."
