# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records what a core's ansible-playbook sends: ``python -m lab.wire_record PLAYBOOK FILE`` (in ``tests``).

Kept are the forms the decoder looks at. Program text of Ansible is left out: bodies of scripts become empty, and the
bootstrap in the command line becomes a remark, encoded as often as it was.
"""

from __future__ import annotations

import base64
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from lab.payload import COLLECTIONS, ENCODED, SEPARATOR, innermost
from lab.wire_rig import play, recording

RECORDED = Path(__file__).with_name("recorded")
# Stands for the package name of collections, which tests of the lab may not spell out.
MARK = "<collections>"
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
        return {key: "" if key == "path" else emptied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [emptied(item) for item in value]
    return "" if isinstance(value, str) and len(value) > LONGEST_VALUE else value


def trimmed(line: str, stdin: bytes) -> dict[str, Any]:
    if not stdin:
        kept = [text for text in innermost(line).splitlines() if any(word in text for word in KEPT_LINES)]
        return {"line": rewrapped(line, "\n".join(kept)), "stdin": ""}
    parts = []
    for part in stdin.split(SEPARATOR):
        is_json = part.lstrip().startswith(b"{")
        parts.append(json.dumps(emptied(json.loads(part))) if is_json else "# exec wrapper\n")
    # The line breaks around the separator belong to the form.
    around = "\n" if b"\n" + SEPARATOR + b"\n" in stdin else ""
    text = f"{around}{SEPARATOR.decode()}{around}".join(parts)
    return {"line": rewrapped(line, REMARK), "stdin": text.replace(COLLECTIONS, MARK)}


def load(file: Path) -> list[tuple[str, bytes]]:
    """Command lines and standard inputs of a recording."""
    commands = json.loads(file.read_text(encoding="utf-8"))["commands"]
    return [(item["line"], item["stdin"].replace(MARK, COLLECTIONS).encode()) for item in commands]


def main() -> int:
    playbook, target = Path(sys.argv[1]), Path(sys.argv[2])
    with recording() as recorder, tempfile.TemporaryDirectory() as directory:
        done = play(playbook.absolute(), Path(directory), recorder.port)
        commands = [trimmed(*command) for command in recorder.commands]
    if not commands:
        print(done.stdout)
        return 1
    what = "sent to a simulated host by ansible-playbook, program text left out"
    target.write_text(json.dumps({"what": what, "commands": commands}, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
