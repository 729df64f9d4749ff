"""What all tests share: where real data lies, and how long Hypothesis may look for an example."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

DATA = "SPIKELOOM_DATA"

# A shell that starts us in the background makes us, and all that we start, deaf to interruptions,
# which some tests send.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("ci", deadline=None, derandomize=True, max_examples=25, print_blob=True,
                          # Shrinking a simulated failure takes minutes: the printed blob does
                          # that at a desk, with the profile `desk`.
                          phases=(Phase.explicit, Phase.generate),
                          suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("desk", deadline=None, max_examples=25,
                          suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

deselected = pytest.StashKey[int]()


def wants_data() -> bool:
    """Whether tests on real data run: always in CI, elsewhere when their folder is named."""
    return bool(os.environ.get(DATA)) or os.environ.get("CI") == "true"


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of the real data sets."""
    return _existing_data_folder()


def _existing_data_folder() -> Path:
    folder = os.environ.get(DATA)
    if not folder:
        pytest.fail(f"{DATA} must name the folder of the real data sets")
    if not Path(folder).is_dir():
        pytest.fail(f"{DATA} names {folder}, which is not a folder")
    return Path(folder)


def pytest_runtest_setup(item):
    if item.get_closest_marker("data"):
        _existing_data_folder()


def pytest_collection_modifyitems(config, items):
    if wants_data():
        return
    without = [item for item in items if item.get_closest_marker("data")]
    config.stash[deselected] = len(without)
    config.hook.pytest_deselected(items=without)
    items[:] = [item for item in items if not item.get_closest_marker("data")]


def pytest_sessionfinish(session):
    if hasattr(session.config, "workeroutput"):  # a worker of xdist tells its controller
        session.config.workeroutput[DATA] = session.config.stash.get(deselected, 0)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    node.config.stash[deselected] = getattr(node, "workeroutput", {}).get(DATA, 0)


def pytest_terminal_summary(terminalreporter, config):
    if count := config.stash.get(deselected, 0):
        terminalreporter.write_line(
            f"{count} tests on real data deselected: {DATA} does not name their folder")
