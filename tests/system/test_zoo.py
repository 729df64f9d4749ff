"""A slice of every published system: trained nets in Verilog on real images, against golden."""

from pathlib import Path

import pytest

from golden.data import load
from golden.preset import Preset
from golden.zoo.presets import SYSTEMS
from hdl.solve import least
from spikeloom.design import Design
from spikeloom.quantization import quantize

IMAGES = 6


@pytest.mark.data
@pytest.mark.parametrize("preset", [presets[0] for presets in SYSTEMS.values()],
                         ids=lambda preset: preset.name)
def test_the_circuit_equals_its_integers(preset: Preset, data_folder: Path):
    graph = quantize(preset.name)
    images = load(preset.dataset, data_folder).test_images[:IMAGES]
    found = Design(graph, least(graph)).verify(images, trace_images=IMAGES)
    assert found.mismatches == 0, found.first_difference
    assert found.images == IMAGES and found.traced_images == IMAGES
    assert found.values_compared >= IMAGES * sum(kind.values for kind in graph.types.values())
