"""Start cocotb's runner in a process of its own: it takes tools from this process' environment."""

import json
import sys

from cocotb_tools.runner import get_runner

__all__: list[str] = []


def main() -> None:
    """Run one method of the Verilator runner with the keyword arguments in a JSON argument."""
    method, arguments = json.loads(sys.argv[1])
    getattr(get_runner("verilator"), method)(**arguments)


if __name__ == "__main__":
    main()
