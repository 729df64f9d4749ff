"""A circuit by hand, through pyverilator."""

import numpy as np
import pytest

from sim.pool import SimulationTimeout
from sim.session import Session
from tests.sim import standin


@pytest.fixture
def session(circuit):
    with Session(circuit()) as session:
        yield session


def test_images_go_through(session, images):
    for image, logits in zip(images[:5], standin.expected(images), strict=False):
        np.testing.assert_array_equal(session.send(image), logits)


def test_peek_poke_and_step(session):
    assert session.peek("s_axis_tready") == 1 and session.peek("probe_image_fire") == 0
    start = session.cycle
    session.poke("s_axis_tdata", 0x04030201)
    session.poke("s_axis_tvalid", 1)
    session.step(4)
    session.poke("s_axis_tlast", 1)
    session.step()
    session.poke("s_axis_tvalid", 0)
    assert session.cycle == start + 5
    # All five words are in, so the circuit walks: channels 0 and 1 of position 0.
    assert session.peek("s_axis_tready") == 0
    assert session.peek("probe_image_fire") == 1
    assert session.peek("probe_image_data") == 0x0201
    session.step(7)
    assert session.peek("probe_image_fire") == 0
    session.step()
    assert session.peek("probe_image_data") == 0x0403
    session.reset()
    assert session.peek("s_axis_tready") == 1


def test_wide_signals_are_whole_numbers(session, images):
    image = np.full((2, 3, 3), 200, np.uint8)
    session.send(image)
    sums = [session.peek("probe_token__sum_data") >> 20 * lane & 0xFFFFF for lane in range(4)]
    assert sums == [1800, 1800, 3600, (1 << 20) - 27]


def test_two_sessions_do_not_know_of_each_other(session, circuit, images):
    with Session(circuit()) as other:
        other.poke("s_axis_tvalid", 1)
        other.poke("s_axis_tlast", 1)
        other.step(3)  # a short packet that it works on
        np.testing.assert_array_equal(session.send(images[0]), standin.expected(images)[0])
        assert other.peek("s_axis_tready") == 0


def test_waves_are_written(session, images, tmp_path):
    session.waves(tmp_path / "out.fst")
    session.send(images[0])
    session.close()
    assert (tmp_path / "out.fst").stat().st_size > 1000
    with pytest.raises(ValueError, match="This session is closed"):
        session.peek("clk")


def test_what_is_not_there_is_named(session, tmp_path):
    with pytest.raises(ValueError, match="no signal 'tdata'; there are clk, m_axis_tdata"):
        session.peek("tdata")
    with pytest.raises(ValueError, match="'m_axis_tvalid' is no input that can be set; there are"):
        session.poke("m_axis_tvalid", 1)
    with pytest.raises(ValueError, match="'clk' is no input"):
        session.poke("clk", 1)
    with pytest.raises(ValueError, match="s_axis_tvalid has 1 bits and cannot be 2"):
        session.poke("s_axis_tvalid", 2)
    with pytest.raises(ValueError, match="is no folder to write waves to"):
        session.waves(tmp_path / "nowhere" / "out.fst")


def test_a_stuck_circuit_is_a_failure(circuit, images):
    with (Session(circuit(hang=1)) as session,
          pytest.raises(SimulationTimeout, match="Only 0 of 4 logits came in 300 cycles")):
        session.send(images[0], deadline=300)
