"""The area model against the circuits that were built, in docs/area.json."""

from golden.presets import PRESETS
from golden.zoo.presets import ZOO
from spikeloom.calibration import POINTS, RESOURCES, WITHIN, known, misses

LEAST = 12
"""Circuits that must have been placed and routed."""


def test_the_model_is_near_what_was_built():
    rows = known()
    assert sum(row["built"] == "placed" for row in rows) >= LEAST
    assert sorted(row["title"] for row in rows) == sorted(point.title for point in POINTS)
    assert all(set(row["found"]) == set(RESOURCES) and row["found"]["luts"] for row in rows)
    off = {row["title"]: far for row in rows if (far := misses(row))}
    assert not off, f"further than {WITHIN:.0%} from what was built: {off}"


def test_every_preset_was_built_whole():
    whole = {row["preset"] for row in known() if row["node"] is None}
    assert whole == {*PRESETS, *ZOO}
