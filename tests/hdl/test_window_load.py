"""The work of windows, counted per position, against a search of every window by itself."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hdl.window_load import WindowLoad
from ir.ops import Conv
from tests.ops.bench import draw, tensor


def words_of(load, image, row, column):
    """Every word of a window in the order of reading: how many of its bits are set."""
    window, mask = load.window, (1 << load.planes) - 1
    maps = image.reshape(*image.shape[:2], window.rows, window.columns)
    for step in range(maps.shape[0]):
        for tap in np.ndindex(window.kernel, window.kernel):
            y, x = (out * window.stride - window.padding + at
                    for out, at in zip((row, column), tap, strict=True))
            inside = 0 <= y < window.rows and 0 <= x < window.columns
            if not inside and not load.op.pad_value:
                continue
            for first in range(0, maps.shape[1], load.scan):
                values = (maps[step, first:first + load.scan, y, x] if inside
                          else [load.op.pad_value] * load.scan)
                yield step, [int(value) & mask for value in values]


@given(seed=st.integers(0, 10**6), kernel=st.integers(1, 4), stride=st.integers(1, 4),
       padding=st.integers(0, 3), size=st.tuples(st.integers(4, 6), st.integers(4, 6)),
       interval=st.sampled_from(((0, 1), (0, 5), (-1, 1), (-6, 3))),
       scan=st.sampled_from((1, 2, 4)), pad_value=st.integers(-1, 1))
def test_equals_a_search_window_by_window(seed, kernel, stride, padding, size, interval, scan,
                                          pad_value):
    op = Conv(weight=np.ones((1, 4, kernel, kernel), int), bias=[0], shift=[0], weight_bits=2,
              stride=stride, padding=min(padding, kernel - 1),
              pad_value=max(pad_value, interval[0]))
    kind = tensor(2, 4, *size, *interval)
    load = WindowLoad(op, kind, scan, draw(seed, kind, 2))
    number = 0
    for n, image in enumerate(load.images):
        for row in range(load.window.out_rows):
            for column in range(load.window.out_columns):
                words = list(words_of(load, image, row, column))
                cycles = [max(1, sum(map(int.bit_count, values))) for _, values in words]
                assert load.search[number] == sum(cycles)
                assert load.words[number % len(load.words)] == len(words)
                for step in range(kind.steps):
                    ones = [sum(value >> plane & 1 for at, values in words if at == step
                                for value in values) for plane in range(load.planes)]
                    assert load.replay[number, step] == sum(max(1, count) for count in ones)
                number += 1
            assert load.last_words[n, row] == cycles[-1]
    assert number == len(load.search) == len(load.replay) > 0
