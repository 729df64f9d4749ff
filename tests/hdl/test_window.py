"""Windows against a walk over every position: what they need, and that what they need is kept."""

import pytest

from hdl.window import Window

WINDOWS = [Window(5, 6, 3, 1, 1), Window(5, 5, 3, 2, 1), Window(4, 7, 3, 1, 0),
           Window(6, 6, 2, 2, 0), Window(7, 4, 1, 2, 0), Window(8, 3, 3, 2, 2),
           Window(9, 1, 1, 1, 0)]


def reach(window, y, x):
    """Every position that the window at output ``(y, x)`` reads."""
    rows = (y * window.stride - window.padding + r for r in range(window.kernel))
    columns = [x * window.stride - window.padding + c for c in range(window.kernel)]
    return [row * window.columns + column for row in rows for column in columns
            if 0 <= row < window.rows and 0 <= column < window.columns]


@pytest.mark.parametrize("window", WINDOWS)
def test_needs_and_keeps_what_it_reads(window):
    kept = 0  # first row that is still there
    for y in range(window.out_rows):
        for x in range(window.out_columns):
            read = reach(window, y, x)
            assert len(read) == len(window.taps(y, window.rows)) * len(
                window.taps(x, window.columns))
            final = (y, x) == (window.out_rows - 1, window.out_columns - 1)
            assert window.need(y, x) == (window.rows * window.columns - 1 if final
                                         else max(read))
            assert min(read) >= kept * window.columns
            # Nothing that is needed at the latest overflows the ring.
            assert window.need(y, x) < (kept + window.ring_rows) * window.columns
        kept += window.released_rows(y)
    assert kept == window.rows


def test_a_window_that_is_the_image_keeps_the_next_image_too():
    assert Window(7, 7, 7, 1, 0).ring_positions >= 2 * 7 * 7
