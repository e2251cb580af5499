# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compiles the shipped C# with the harness and talks to it: one Mono process answers for as many simulated hosts as are asked for."""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

from engine.fakes import build as fakes
from engine.harness import coverage

ROOT = Path(__file__).resolve().parents[3]
CACHE = ROOT / ".cache" / "engine"
SHIPPED = ROOT / "plugins" / "module_utils"
HARNESS = Path(__file__).resolve().parent
LIBRARIES = {
    "httpapi.dll": "libhttpapi.so",
    "ahadmin.dll": "libahadmin.so",
    **dict.fromkeys(
        ("wevtapi.dll", "crypt32.dll", "ncrypt.dll", "advapi32.dll", "iphlpapi.dll", "shell32.dll"), "libwindows.so"
    ),
}
READ = {"contract": 1, "certificates": "all", "key_check": "open"}
APPLY: dict[str, Any] = {
    "contract": 1,
    "computer": "WEB01",
    "probe": {"on_unverified": "fail", "timeout": 5, "retries": 0},
    "read": {"certificates": "referenced", "key_check": "metadata"},
}


def missing() -> str:
    """What has to be installed before anything here can run, in one sentence; an empty text when nothing is."""
    lacking = [program for program in ("mcs", "mono", "gcc") if not shutil.which(program)]
    if not lacking:
        return ""
    packages = "mono-mcs mono-runtime gcc libc6-dev"
    return f"needs {', '.join(lacking)}; on Debian or Ubuntu: sudo apt-get install {packages}"


def shipped() -> list[Path]:
    """The C# of the collection as people read it; the modules upload compact copies (tests/tools/compact.py)."""
    return sorted(SHIPPED.glob("TlsFleet?*.cs"))


def compile_library(sources: list[Path], target: Path, *options: str) -> str:
    """Compile as C# 5 with warnings as errors, which is what Ansible does on the host: an empty text, or the complaints."""
    command = ["mcs", "-langversion:5", "-warnaserror", "-target:library", f"-out:{target}", *options]
    done = subprocess.run([*command, *map(str, sources)], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


def build(sources: list[Path] | None = None) -> Path:
    """Folder with TlsFleet.dll and Lane.exe, named after the content of all sources. Raises RuntimeError with the compiler's words."""
    sources = shipped() if sources is None else sources
    native = fakes.build()
    own = sorted(HARNESS.glob("*.cs"))
    digest = hashlib.sha256(str(native).encode())
    for path in (*sources, *own):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    folder = CACHE / digest.hexdigest()[:16]
    if folder.is_dir():
        return folder
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        fresh = Path(scratch) / "assemblies"
        fresh.mkdir()
        engine = fresh / "TlsFleet.dll"
        said = compile_library(sources, engine, "-debug", "-r:System.Xml.dll", "-r:System.Core.dll")
        if said:
            raise RuntimeError(f"the shipped C# does not compile:\n{said}")
        command = ["mcs", "-warnaserror", "-debug", f"-r:{engine}", "-r:System.Core.dll", f"-out:{fresh / 'Lane.exe'}"]
        done = subprocess.run([*command, *map(str, own)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"the harness does not compile:\n{done.stdout}{done.stderr}")
        maps = "".join(f'<dllmap dll="{dll}" target="{native / library}"/>' for dll, library in LIBRARIES.items())
        for name in ("TlsFleet.dll", "Lane.exe"):
            (fresh / f"{name}.config").write_text(f"<configuration>{maps}</configuration>\n", encoding="utf-8")
        try:
            os.rename(fresh, folder)
        except OSError:
            if not folder.is_dir():  # else another process was faster
                raise
    return folder


class Lane:
    """A running harness process. Use as a context manager; ``ask`` raises RuntimeError with what the harness itself stumbled over.

    ``environment``: variables beside or in place of this process's own.
    """

    def __init__(self, folder: Path | None = None, **environment: str) -> None:
        runtime = shutil.which("mono")
        if runtime is None:
            raise RuntimeError("mono is not installed")
        own = {**os.environ, **environment}
        covered = own.get(coverage.FOLDER)
        measured = [coverage.option(covered, f"{os.getpid()}-{id(self)}")] if covered else []
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - lives as long as the process; closed in __exit__
        self.process = subprocess.Popen(
            [runtime, "--debug", *measured, str((folder or build()) / "Lane.exe")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=own,
        )

    def __enter__(self) -> Lane:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process, which has nothing to keep."""
        with contextlib.suppress(OSError):  # it may have died in the middle of a task
            self.process.communicate()
        self._errors.close()

    def line(self, task: dict[str, Any]) -> str:
        """One task, one answer line as it came."""
        pipe_in, pipe_out = self.process.stdin, self.process.stdout
        if pipe_in is None or pipe_out is None:
            raise RuntimeError("the harness has no pipes")
        pipe_in.write(json.dumps(task) + "\n")
        pipe_in.flush()
        answer = pipe_out.readline()
        if not answer:
            self._errors.seek(0)
            raise RuntimeError(f"the harness died: {self._errors.read()[-4000:]}")
        return answer.removesuffix("\n")

    def ask(self, task: dict[str, Any]) -> Any:
        answer = json.loads(self.line(task))
        if isinstance(answer, dict) and "harness" in answer:
            raise RuntimeError(answer["harness"])
        return answer

    def peak_megabytes(self) -> int:
        """The most memory the process has held so far."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(status.split("VmHWM:")[1].split()[0]) // 1024

    def answer(self, state: Path, **args: Any) -> dict[str, Any]:
        """The module's answer about a state folder."""
        answer: dict[str, Any] = self.ask({"state": str(state), "args": {**READ, **args}})
        return answer

    def apply(self, state: Path, steps: list[dict[str, Any]] | str, **more: Any) -> dict[str, Any]:
        """The applier's answer. ``more``: arguments by name, and ``crash``, ``wait``, ``bits``, ``wrap`` (FakeMachineWriting.cs)."""
        odd: dict[str, Any] = {name: more.pop(name) for name in ("crash", "wait", "bits", "wrap") if name in more}
        args = {**APPLY, "steps": steps, **more}
        task = {"do": "apply", "state": str(state), "args": args, **odd}
        answer: dict[str, Any] = self.ask(task)
        return answer

    def document(self, state: Path, **args: Any) -> dict[str, Any]:
        """The document, unpacked where it travelled as gzip. Raises RuntimeError for a failed answer."""
        answer = self.answer(state, **args)
        if answer.get("failed"):
            raise RuntimeError(str(answer))
        if "document_gz" in answer:
            document: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(answer["document_gz"])))
            return document
        document = answer["document"]
        return document
