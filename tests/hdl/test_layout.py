"""How tensors are cut into beats."""

import pytest

from hdl.layout import Layout
from tests.ops.bench import tensor


def test_order_is_position_block_step_group():
    layout = Layout(tensor(2, 4, 1, 2), block=2, lanes=1)
    assert list(layout.order()) == [
        (position, step, block * 2 + group)
        for position in range(2) for block in range(2) for step in range(2) for group in range(2)]
    assert (layout.groups, layout.blocks, layout.position_beats, layout.image_beats) == (2, 2, 8,
                                                                                        16)


def test_cuts_must_divide():
    with pytest.raises(ValueError, match="block of 3 channels does not divide 4 channels"):
        Layout(tensor(1, 4, 1, 1), 3, 1)
    with pytest.raises(ValueError, match="3 lanes do not divide a block of 4 channels"):
        Layout(tensor(1, 4, 1, 1), 4, 3)
