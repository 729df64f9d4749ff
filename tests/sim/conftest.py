"""The stand-in circuit, and one place for what is compiled of it."""

import os

import numpy as np
import pytest

from tests.sim import standin


@pytest.fixture(scope="session", autouse=True)
def cache(request):
    """Compile into pytest's cache: once for all tests and workers, and for the next run too."""
    previous = os.environ.get("SPIKELOOM_CACHE")
    os.environ["SPIKELOOM_CACHE"] = previous or str(request.config.cache.mkdir("spikeloom"))
    yield
    if previous is None:
        del os.environ["SPIKELOOM_CACHE"]


@pytest.fixture
def circuit(tmp_path):
    """Writes the stand-in circuit with the faults named, and returns its folder."""
    return lambda **faults: standin.write(tmp_path / "rtl", **faults)


@pytest.fixture(scope="session")
def images():
    return np.random.default_rng(1).integers(0, 256, (50, 2, 3, 3), dtype=np.uint8)
