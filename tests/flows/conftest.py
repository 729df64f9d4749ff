"""A small circuit for the flows, and a cache of each test's own."""

from pathlib import Path

import pytest

from flows import Circuit

DATA = Path(__file__).parent / "data"


@pytest.fixture
def tiny() -> Circuit:
    """A memory with contents, an adder and a reset: one block RAM on every family."""
    words = "\n".join(f"{(257 * word) % 65536:04x}" for word in range(256))
    return Circuit(top="tiny", sources={"tiny.v": (DATA / "tiny.v").read_bytes()},
                   memories={"memory/tiny.hex": words.encode() + b"\n"})


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache; the folder of executed plans in it."""
    monkeypatch.setenv("SPIKELOOM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "flows"
