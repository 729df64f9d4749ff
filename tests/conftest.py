"""What all tests share: where real data lies, and how long Hypothesis may look for an example."""

import os
import shutil
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

from spikeloom.commands.doctor import BROWSERS

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

BROWSER = "chromium"

deselected = pytest.StashKey[dict[str, int]]()

REASONS = {"data": f"on real data deselected: {DATA} does not name their folder",
           "browser": f"of pages deselected: there is no {BROWSER}"}
"""Markers of tests that need what may be missing outside CI, and what is said then."""


def is_there(marker: str) -> bool:
    """Whether tests of a marker run: always in CI, elsewhere when what they need is here."""
    if os.environ.get("CI") == "true":
        return True
    return bool(os.environ.get(DATA) if marker == "data" else find_browser())


def find_browser() -> str | None:
    """The browser that opens pages."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


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


@pytest.fixture(scope="session")
def browser_path() -> str:
    """The program of the browser that opens pages."""
    path = find_browser()
    if path is None:
        pytest.fail(f"There is no {BROWSER} to open pages with: apt install {BROWSER}")
    return path


def pytest_runtest_setup(item):
    if item.get_closest_marker("data"):
        _existing_data_folder()


def pytest_collection_modifyitems(config, items):
    missing = [marker for marker in REASONS if not is_there(marker)]
    without = {marker: [item for item in items if item.get_closest_marker(marker)]
               for marker in missing}
    config.stash[deselected] = {marker: len(found) for marker, found in without.items()}
    gone = {item for found in without.values() for item in found}
    config.hook.pytest_deselected(items=list(gone))
    items[:] = [item for item in items if item not in gone]


def pytest_sessionfinish(session):
    if hasattr(session.config, "workeroutput"):  # a worker of xdist tells its controller
        session.config.workeroutput["deselected"] = session.config.stash.get(deselected, {})


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    node.config.stash[deselected] = getattr(node, "workeroutput", {}).get("deselected", {})


def pytest_terminal_summary(terminalreporter, config):
    for marker, count in config.stash.get(deselected, {}).items():
        if count:
            terminalreporter.write_line(f"{count} tests {REASONS[marker]}")
