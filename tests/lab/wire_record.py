# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records what a core's ansible-playbook sends: ``python -m lab.wire_record PLAYBOOK FILE`` (in ``tests``).

Kept are the forms the decoder looks at. Program text of Ansible is left out: bodies of scripts become empty, and the
bootstrap in the command line becomes a remark, encoded as often as it was.
"""

from __future__ import annotations

import base64
import gzip
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from lab.payload import COLLECTIONS, ENCODED, SEPARATOR, innermost, unpacked
from lab.wire_rig import play, recording

RECORDED = Path(__file__).with_name("recorded")
# Stands for the package name of collections, which tests of the lab may not spell out.
MARK = "<collections>"
# Before a part that was sent as gzip in base64.
PACKED = "gzip:"
LONGEST_VALUE = 200
KEPT_LINES = ("Remove-Item", "$tmp_path")
REMARK = "# bootstrap"


def rewrapped(line: str, script: str) -> str:
    """The command line with another innermost script, encoded in as many layers as before."""
    match = ENCODED.search(line)
    if match is None:
        return script
    inner = rewrapped(base64.b64decode(match.group(1)).decode("utf-16-le"), script)
    encoded = base64.b64encode(inner.encode("utf-16-le")).decode()
    return line[: match.start(1)] + encoded + line[match.end(1) :]


def emptied(value: Any) -> Any:
    """The same structure without long texts, which are programs, and without paths of the recording machine."""
    if isinstance(value, dict):
        return {key: "" if key == "path" else emptied_text(key, item) for key, item in value.items()}
    if isinstance(value, list):
        return [emptied(item) for item in value]
    return "" if isinstance(value, str) and len(value) > LONGEST_VALUE else value


def emptied_text(key: str, value: Any) -> Any:
    """A value by its key: arguments within a text stay, whatever the length of the text."""
    return json.dumps(emptied(json.loads(value))) if key == "ArgumentJSON" else emptied(value)


def noted(part: bytes) -> str:
    """A part of the standard input without program text; a packed one is noted as what it holds, with a mark."""
    if part.lstrip().startswith(b"{"):
        return json.dumps(emptied(json.loads(part)))
    try:
        return PACKED + json.dumps(emptied(json.loads(unpacked(part))))
    except ValueError:
        return "# exec wrapper\n"


def repacked(text: str) -> bytes:
    """The standard input of a recording as it was sent."""
    parts = [part.strip("\n") if PACKED in part else part for part in text.split(SEPARATOR.decode())]
    for number, part in enumerate(parts):
        if part.startswith(PACKED):
            packed = base64.b64encode(gzip.compress(part.removeprefix(PACKED).encode(), mtime=0)).decode()
            parts[number] = f"\n{packed}"
    return SEPARATOR.decode().join(parts).encode()


def trimmed(line: str, stdin: bytes) -> dict[str, Any]:
    if not stdin:
        kept = [text for text in innermost(line).splitlines() if any(word in text for word in KEPT_LINES)]
        return {"line": rewrapped(line, "\n".join(kept)), "stdin": ""}
    parts = [noted(part) for part in stdin.split(SEPARATOR)]
    # The line breaks around the separator belong to the form.
    around = "\n" if b"\n" + SEPARATOR + b"\n" in stdin else ""
    text = f"{around}{SEPARATOR.decode()}{around}".join(parts)
    return {"line": rewrapped(line, REMARK), "stdin": text.replace(COLLECTIONS, MARK)}


def load(file: Path) -> list[tuple[str, bytes]]:
    """Command lines and standard inputs of a recording."""
    commands = json.loads(file.read_text(encoding="utf-8"))["commands"]
    return [(item["line"], repacked(item["stdin"].replace(MARK, COLLECTIONS))) for item in commands]


def main() -> int:
    playbook, target = Path(sys.argv[1]), Path(sys.argv[2])
    with recording() as recorder, tempfile.TemporaryDirectory() as directory:
        done = play(playbook.absolute(), Path(directory), recorder)
        commands = [trimmed(*command) for command in recorder.commands]
    if not commands:
        print(done.stdout)
        return 1
    what = "sent to a simulated host by ansible-playbook, program text left out"
    target.write_text(json.dumps({"what": what, "commands": commands}, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
