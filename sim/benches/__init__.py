"""cocotb benches that drive a generated circuit's real ports with bus models of others."""

from sim.benches.runner import BenchResult, NoTestRan, run

__all__ = ["BenchResult", "NoTestRan", "run"]
