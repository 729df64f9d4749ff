"""Toggles are counted where they happen, and all of them."""

import re

import numpy as np
import pytest

from sim.activity import Activity, MemoryActivity, Part, _Reader, simulate_activity
from sim.build import build
from sim.manifest import read_manifest
from sim.pool import Job
from sim.run import run

SAIF = r"""
(SAIFILE
 (DURATION 100)
 (INSTANCE TOP
  (NET
   (clk (T0 50) (T1 50) (TZ 0) (TX 0) (TB 0) (TC 20))
   (data\[0\] (T0 60) (T1 40) (TZ 0) (TX 0) (TB 0) (TC 3))
   (data\[1\] (T0 60) (T1 40) (TZ 0) (TX 0) (TB 0) (TC 4))
  )
  (INSTANCE harness
   (INSTANCE dut
    (INSTANCE network
     (NET
      (wire (T0 60) (T1 40) (TZ 0) (TX 0) (TB 0) (TC 5))
     )
     (INSTANCE conv
      (NET
       (clk (T0 50) (T1 50) (TZ 0) (TX 0) (TB 0) (TC 20))
       (sum[0]$1\[0\] (T0 60) (T1 40) (TZ 0) (TX 0) (TB 0) (TC 7))
      )
      (INSTANCE words
       (NET
        (enable (T0 60) (T1 40) (TZ 0) (TX 0) (TB 0) (TC 11))
       )
       (INSTANCE leaf
        (NET
         (DEPTH\[0\] (T0 100) (T1 0) (TZ 0) (TX 0) (TB 0) (TC 0))
         (DEPTH\[1\] (T0 100) (T1 0) (TZ 0) (TX 0) (TB 0) (TC 0))
         (DEPTH\[2\] (T0 0) (T1 100) (TZ 0) (TX 0) (TB 0) (TC 1))
         (WIDTH\[0\] (T0 0) (T1 100) (TZ 0) (TX 0) (TB 0) (TC 1))
         (WRITABLE\[0\] (T0 100) (T1 0) (TZ 0) (TX 0) (TB 0) (TC 0))
         (read_en (T0 40) (T1 60) (TZ 0) (TX 0) (TB 0) (TC 9))
         (write_en (T0 100) (T1 0) (TZ 0) (TX 0) (TB 0) (TC 0))
        )
       )
      )
     )
    )
   )
  )
 )
)
"""


def test_wires_belong_to_the_network_s_parts():
    reader = _Reader(inside=("TOP", "harness", "dut", "network"))
    reader.read(SAIF.splitlines())
    assert reader.cycles == 10
    assert reader.parts == {
        "": Part(bits=3, toggles=3 + 4 + 5, memories=[]),
        "conv": Part(bits=2, toggles=7 + 11, memories=[
            MemoryActivity(width=1, depth=4, writable=False, reads=6.0, writes=0.0)])}
    activity = Activity(images=1, cycles=10, cycles_per_image=None, parts=reader.parts)
    assert activity.rate(activity.parts["conv"]) == 18 / 2 / 10
    assert activity.toggles == 30


def toggles(words: np.ndarray, bit: int) -> int:
    """How often a bit changes on a wire that is low before the first word."""
    values = (words.astype(np.int64) >> bit) & 1
    return int(np.abs(np.diff(values, prepend=0)).sum())


def test_every_toggle_is_counted(circuit, images, tmp_path):
    manifest = read_manifest(circuit())
    path = tmp_path / "toggles.saif"
    (part,) = run(manifest, build(manifest, toggles=True).program, images,
                  [Job(start=0, stop=len(images), waves=path)])
    text = path.read_text()
    beats = manifest.beats(images).flatten()
    for bit in range(16):
        # the first of these is the driver's own, which holds a word until it is taken
        counted = re.search(rf"\(s_axis_tdata\\\[{bit}\\\] .*\(TC (\d+)\)\)", text)
        assert counted and int(counted[1]) == toggles(beats, bit)
    found = simulate_activity(manifest.folder, images)
    every = [(name, int(count)) for name, count in
             re.findall(r"\((\S+) \(T0 .*\(TC (\d+)\)\)", text) if name != "clk"]
    assert found.toggles == sum(count for _, count in every) > 0
    assert sum(part.bits for part in found.parts.values()) == len(every)
    assert found.cycles >= part.cycles
    assert found.cycles_per_image == pytest.approx(
        (part.stamps[-1, 3] - part.stamps[0, 3]) / (len(images) - 1))
