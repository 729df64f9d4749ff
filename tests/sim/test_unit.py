"""One component through Verilator: what goes in comes out, and what does not come is an error."""

import pytest

from hdl.emit import emit_component
from hdl.relay import Relay
from sim.pool import SimulationTimeout
from sim.unit import UNIT, stream

WIDE = 70
BEATS = [0, 1, (1 << WIDE) - 1, 0x123456789ABCDEF01, 1 << 69]


def test_beats_come_back_in_order_and_missing_ones_are_told():
    files = emit_component(Relay(WIDE), UNIT)
    found = stream(files, BEATS, len(BEATS), 100)
    assert [payload for _, payload in found] == BEATS
    cycles = [cycle for cycle, _ in found]
    assert cycles == list(range(cycles[0], cycles[0] + len(BEATS)))
    with pytest.raises(SimulationTimeout, match="5 of 6 beats came out in 100 cycles"):
        stream(files, BEATS, len(BEATS) + 1, 100)
