"""The area model against the circuits that were placed, in docs/area.json."""

from spikeloom.calibration import POINTS, RESOURCES, WITHIN, known, misses

LEAST = 12
"""Circuits that must have been placed."""


def test_the_model_is_near_what_was_placed():
    rows = known()
    assert len(rows) >= LEAST
    assert sorted(row["title"] for row in rows) == sorted(point.title for point in POINTS)
    assert all(set(row["found"]) == set(RESOURCES) and row["found"]["luts"] for row in rows)
    off = {row["title"]: far for row in rows if (far := misses(row))}
    assert not off, f"further than {WITHIN:.0%} from what was placed: {off}"
