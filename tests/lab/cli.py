# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``lab start | status | reset | fault | heal | wait | stop``: simulated Windows hosts for Ansible, in the background."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lab import control, files, leaks
from lab.control import NotRunning, Refused
from lab.counters import Caps
from lab.descriptions import BadDescription, fleet, load
from lab.faults import EVERY_HOST, BadFault, decoded, fault
from lab.faults import load as load_faults
from lab.places import NoPlace
from lab.probe import Silent, probe
from lab.transports import DEFAULT, TRANSPORTS

START_SECONDS, STOP_SECONDS = 120.0, 20.0
FAILED, LEAKED = 2, 3
PROGRAM = Path(__file__).resolve().with_name("lab")


class Failed(Exception):
    """What a person has to know, in one line."""


def say(text: str) -> None:
    print(f"lab: {text}", flush=True)


def parse(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="lab", description="simulated Windows hosts for Ansible on loopback")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("start", "start hosts in the background; returns when all answer"),
        ("serve", "start hosts in the foreground (what start runs)"),
        ("status", "show the counters"),
        ("reset", "set the counters to zero"),
        ("fault", "let a fault happen from now on; see README.md"),
        ("heal", "take all faults away"),
        ("wait", "let time pass on a host: what its guard has to do by then is done"),
        ("stop", "stop the hosts; exit status 3 when shells, connections or processes are left over"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--dir", type=Path, required=True, help="directory of the lab")
        if name == "fault":
            command.add_argument("host", metavar="HOST", help=f"name in the inventory, or {EVERY_HOST}")
            command.add_argument("fault", metavar="FAULT", help="name of a fault, or a mapping as YAML or JSON")
        if name == "wait":
            command.add_argument("host", metavar="HOST", help=f"name in the inventory, or {EVERY_HOST}")
            command.add_argument("minutes", metavar="MINUTES", type=int)
        if name == "heal":
            command.add_argument("host", metavar="HOST", nargs="?", default=EVERY_HOST, help="only this host")
        if name == "start":
            command.add_argument("--faults", type=Path, help="list of faults, YAML or JSON; they begin after the start")
        if name in ("start", "serve"):
            source = command.add_mutually_exclusive_group(required=True)
            source.add_argument("--fixtures", type=Path, help="a host description (*.json), or a directory of them")
            source.add_argument("--hosts", type=int, help="make up that many hosts")
            command.add_argument("--seed", type=int, default=0, help="for --hosts: the same seed gives the same hosts")
            command.add_argument(
                "--transport", choices=TRANSPORTS, default=DEFAULT, help="for hosts whose description names none"
            )
            command.add_argument("--engine", choices=["model", "mono"], default="model", help="who answers reads")
            command.add_argument("--max-requests", type=int, default=Caps.requests, help="cap per host")
            command.add_argument("--max-bytes", type=int, default=Caps.bytes, help="cap per host, uploaded bytes")
    return parser.parse_args(words)


def descriptions(args: argparse.Namespace) -> list[dict[str, Any]]:
    if args.fixtures is None:
        if args.hosts < 1:
            raise Failed("--hosts must be at least 1")
        return fleet(args.hosts, args.seed)
    try:
        return load(args.fixtures)
    except BadDescription as fault:
        raise Failed(str(fault)) from fault


@contextlib.contextmanager
def held(directory: Path) -> Iterator[None]:
    """Hold the pid file of a lab as long as it runs; the lock, not the number in it, says that it does."""
    with open(directory / files.PID, "a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failed(f"a lab is already running in {directory}; stop it first") from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def is_running(directory: Path) -> bool:
    try:
        with open(directory / files.PID, encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def prepare(engine: str) -> None:
    """See to it that the engine can run here: compile what is not compiled yet. Raises Failed."""
    if engine == "model":
        return
    from engine.harness import lane

    lacking = lane.missing()
    if lacking:
        raise Failed(f"--engine {engine} {lacking}")
    try:
        lane.build()
    except RuntimeError as fault:
        raise Failed(f"--engine {engine}: {fault}") from fault


def start(args: argparse.Namespace, words: Sequence[str]) -> None:
    hosts = [item["slug"] for item in descriptions(args)]
    count = len(hosts)
    faults = load_faults(args.faults, hosts) if args.faults else []
    prepare(args.engine)
    try:
        args.dir.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise Failed(f"--dir {args.dir}: {fault.strerror}") from fault
    if is_running(args.dir):
        raise Failed(f"a lab is already running in {args.dir}; stop it first")
    say(f"starting {count} simulated host{'s' if count > 1 else ''} (engine {args.engine})")
    began = time.monotonic()
    log_path = args.dir / files.LOG
    with open(log_path, "wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "lab", "serve", *served(words[1:])],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(PROGRAM.parents[1])},
        )
    try:
        state = wait_until_up(args.dir, process, log_path)
        for slug, address in state["hosts"].items():
            transport = TRANSPORTS[state["transports"][slug]]
            probe(slug, address, transport, state["user"], state["password"], args.dir / files.CA)
        control.ask(args.dir, "reset")
        for host, place, item in faults:
            control.ask(args.dir, "fault", host=host, fault=item, place=place)
    except BaseException:
        process.terminate()
        process.wait()
        raise
    say(f"{count} of {count} answer over WinRM after {time.monotonic() - began:.1f} s; all of this is simulated")
    print(f"  inventory  {args.dir / files.INVENTORY}")
    print(f"  authority  {args.dir / files.CA}")
    print(f"  stop with  tests/lab/lab stop --dir {args.dir}", flush=True)


def served(words: Sequence[str]) -> list[str]:
    """The words of ``start`` as ``serve`` takes them: planned faults are sent later, when every host has answered."""
    kept: list[str] = []
    for word in words:
        if kept and kept[-1] == "--faults":
            kept.pop()
        elif not word.startswith("--faults="):
            kept.append(word)
    return kept


def wait_until_up(directory: Path, process: subprocess.Popen[bytes], log: Path) -> dict[str, Any]:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise Failed(said[-1].removeprefix("lab: ") if said else f"it ended at once; see {log}")
        with contextlib.suppress(NotRunning):
            state = control.ask(directory, "status")
            if state["pid"] == process.pid:
                return state
        time.sleep(0.05)
    raise Failed(f"the hosts do not answer after {START_SECONDS:.0f} s; see {log}")


def status(directory: Path) -> None:
    state = control.ask(directory, "status")
    say(f"{len(state['hosts'])} simulated hosts; counts since the start or the last reset")
    names = ("requests", "calls", "bytes", "unknown", "faults", "refused")
    width = max(len(slug) for slug in state["hosts"])
    print(f"  {'host':<{width}}  {'address':<15}" + "".join(f"{name:>10}" for name in names) + "  shells open")
    for slug, counts in state["counters"].items():
        shells = counts["shells_opened"] - counts["shells_closed"]
        numbers = "".join(f"{counts[name]:>10}" for name in names)
        print(f"  {slug:<{width}}  {state['hosts'][slug]:<15}{numbers}  {shells:>11}")
    for slug, planned in state["faults"].items():
        for item in planned:
            words = ", ".join(f"{key}: {value}" for key, value in item.items() if key not in ("fault", "fired"))
            print(f"  {slug}: planned: {item['fault']} ({words or 'always'}), struck {item['fired']} times")


def stop(directory: Path) -> int:
    """Stop the lab. The exit status: LEAKED when something is left over that somebody should have cleared away."""
    if not is_running(directory):
        raise NotRunning(f"no lab runs in {directory}")
    number = int((directory / files.PID).read_text(encoding="ascii"))
    left: list[str] = []
    try:
        left += control.ask(directory, "stop")["leaks"]
    except NotRunning:
        # Still starting. The lock proves that the number in the file is that process and no later one.
        os.kill(number, signal.SIGTERM)
    end = time.monotonic() + STOP_SECONDS
    while is_running(directory):
        if time.monotonic() > end:
            raise Failed(f"the lab in {directory} does not end; see {directory / files.LOG}")
        time.sleep(0.02)
    left += leaks.processes(number)
    say("stopped")
    for line in left:
        print(f"lab: leaked {line}", file=sys.stderr)
    return LEAKED if left else 0


def plan(args: argparse.Namespace) -> None:
    data = decoded(args.fault, "FAULT")
    fault(data, "FAULT")
    control.ask(args.dir, "fault", host=args.host, fault=data, place="FAULT")
    say(f"planned for {'every host' if args.host == EVERY_HOST else args.host}; `lab heal` takes it away")


def serve(args: argparse.Namespace) -> None:
    try:
        from lab import server
    except ModuleNotFoundError as fault:
        raise Failed(f'{fault}; enter the environment first: eval "$(make -s env)"') from fault
    with held(args.dir):
        transport = TRANSPORTS[args.transport]
        server.run(args.dir, descriptions(args), Caps(args.max_requests, args.max_bytes), transport, args.engine)


def main(words: Sequence[str] | None = None) -> int:
    words = list(sys.argv[1:] if words is None else words)
    args = parse(words)
    args.dir = args.dir.absolute()
    try:
        if args.command == "start":
            start(args, words)
        elif args.command == "serve":
            serve(args)
        elif args.command == "status":
            status(args.dir)
        elif args.command == "reset":
            control.ask(args.dir, "reset")
            say("counters are zero")
        elif args.command == "fault":
            plan(args)
        elif args.command == "heal":
            control.ask(args.dir, "heal", host=args.host)
            say("no faults are planned any more")
        elif args.command == "wait":
            control.ask(args.dir, "wait", host=args.host, minutes=args.minutes)
            say(f"{args.minutes} minutes have passed")
        else:
            return stop(args.dir)
    except BrokenPipeError:
        # Whoever read the output has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (Failed, NotRunning, Refused, BadFault, NoPlace, Silent, OSError) as problem:
        print(f"lab: {problem}", file=sys.stderr)
        return FAILED
    return 0
