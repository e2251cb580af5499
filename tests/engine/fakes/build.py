# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compiles the C fakes into a cache folder named after their content, so that nothing is compiled twice.

``build()`` and ``build(windows=True)`` give the folder with the libraries; ``missing()`` says in one sentence what is not
installed, or nothing. As a command it prints the folder.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = HERE.parents[2] / ".cache" / "fakes"
WINDOWS_COMPILER = "x86_64-w64-mingw32-gcc"
FLAGS = ("-std=gnu11", "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-shared")

SHARED = ("fake_file.c", "fake_state.c", "fake_text.c")
_ADMIN = """com xml_parse xml_tree xml_write ahadmin_class ahadmin_check ahadmin_describe ahadmin_element ahadmin_elements
ahadmin_file ahadmin_manager ahadmin_method ahadmin_object ahadmin_property ahadmin_schema""".split()
HTTPAPI = (
    *SHARED,
    "httpapi.c",
    "httpapi_text.c",
    "httpapi_records.c",
    "httpapi_keys.c",
    "httpapi_query.c",
    "httpapi_write.c",
)
EVENTS = (*SHARED, "httpapi_text.c", "windows.c", "windows_events.c")
WINDOWS = (*EVENTS, "windows_keys.c", "windows_system.c")
AHADMIN = (*SHARED, *(f"{name}.c" for name in _ADMIN))


def _targets(windows: bool) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Library -> its sources and the options that only it needs."""
    if windows:
        return {
            "httpapi.dll": (HTTPAPI, ("-lws2_32",)),
            "noupdate/httpapi.dll": (HTTPAPI, ("-DNO_UPDATE", "-lws2_32")),
            "wevtapi.dll": (EVENTS, ("-lws2_32",)),
            "ahadmin.dll": ((*AHADMIN, "ahadmin_register.c"), ("-Wl,--kill-at", "-lole32", "-loleaut32", "-luuid")),
        }
    return {
        "libhttpapi.so": (HTTPAPI, ()),
        "libhttpapi_noupdate.so": (HTTPAPI, ("-DNO_UPDATE",)),
        "libahadmin.so": (AHADMIN, ()),
        "libwindows.so": (WINDOWS, ()),
    }


def missing(windows: bool = False) -> str:
    """What has to be installed before ``build`` can work; an empty text when nothing is."""
    if windows and not shutil.which(WINDOWS_COMPILER):
        return f"needs {WINDOWS_COMPILER}; on Debian or Ubuntu: sudo apt-get install gcc-mingw-w64-x86-64"
    if not windows and not shutil.which("gcc"):
        return "needs gcc and the C library's headers; on Debian or Ubuntu: sudo apt-get install gcc libc6-dev"
    return ""


def _fingerprint(windows: bool) -> str:
    digest = hashlib.sha256(repr((windows, FLAGS, _targets(windows))).encode())
    for path in sorted((*HERE.glob("*.c"), *HERE.glob("*.h"))):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def build(windows: bool = False, cache: Path = CACHE) -> Path:
    """Folder with the compiled libraries. Raises ``RuntimeError`` with the compiler's own words when it refuses."""
    folder = cache / f"{'windows' if windows else 'linux'}-{_fingerprint(windows)}"
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    compiler = WINDOWS_COMPILER if windows else "gcc"
    machine = () if windows else ("-fPIC", "-fvisibility=hidden", "-pthread", "-Wl,-z,defs")
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        fresh = Path(scratch) / "libraries"
        for name, (sources, options) in _targets(windows).items():
            target = fresh / name
            target.parent.mkdir(parents=True, exist_ok=True)
            command = [
                compiler,
                *FLAGS,
                *machine,
                "-o",
                str(target),
                *(str(HERE / source) for source in sources),
                *options,
            ]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RuntimeError(f"{name} does not compile:\n{done.stderr}")
        try:
            os.rename(fresh, folder)
        except OSError:
            # Another process was faster; its libraries are the same.
            if not folder.is_dir():
                raise
    return folder


def compiles(source: str, scratch: Path, windows: bool = False) -> str:
    """Compile C text that includes the fakes' headers, keeping nothing: an empty text, or what the compiler had against it."""
    path = scratch / "probe.c"
    path.write_text(source, encoding="utf-8")
    compiler = WINDOWS_COMPILER if windows else "gcc"
    command = [compiler, "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", f"-I{HERE}", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--windows", action="store_true", help="build the DLLs with mingw-w64")
    chosen = parser.parse_args()
    lacking = missing(chosen.windows)
    if lacking:
        print(lacking, file=sys.stderr)
        return 3
    print(build(chosen.windows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
