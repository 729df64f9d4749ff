"""A tool for tests: does what its first argument says, in the folder where it is started."""

import os
import signal
import sys
import time
from pathlib import Path


def run(arguments: list[str]) -> int:
    """Do one thing and return the exit status."""
    what, *rest = arguments
    match what:
        case "write":
            Path(rest[0]).write_text(rest[1])
        case "count":  # leaves a trace outside its folder
            with Path(rest[0]).open("a") as trace:
                trace.write("x")
            Path(rest[1]).write_text("done")
        case "fail":
            Path("tool.log").write_text("Info: began\nERROR: no such thing\nInfo: ended\n")
            return 1
        case "crash":
            sys.stderr.write("wires are crossed\n")
            signal.raise_signal(signal.SIGKILL)
        case "wait":
            beside = Path(rest[0] + ".part")
            beside.write_text(str(os.getpid()))
            beside.rename(rest[0])
            time.sleep(60)
    return 0
