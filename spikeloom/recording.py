"""What the neurons of a circuit did with one image, beside golden's: a document for the report.

All values are compared; the document keeps a window of each layer, where something differs the
window around the first difference.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from ir.folder import digest
from sim.neurons import Neurons
from spikeloom.design import Design

__all__ = ["CHANNELS", "COLUMNS", "measure_neurons"]

CHANNELS = 48
"""Channels of a layer that are kept at most."""

COLUMNS = 192
"""Positions of a layer that are kept at most, over all time steps."""


def measure_neurons(design: Design, image: np.ndarray, number: int,
                    label: int | None = None) -> dict[str, Any]:
    """Run an image, uint8 ``[C, H, W]``, and say what was in the neurons, as JSON's own types.

    ``number`` is the image's in its data set. Each layer has ``golden`` and ``circuit`` of its
    ``spikes`` and its ``membrane``: a row for each channel, in it the positions of the first time
    step, then those of the next.
    """
    found = design.record(image)
    difference = found.first_difference
    return {
        "kind": "measured", "network": design.graph.name, "digest": digest(design.graph),
        "image": number, "label": label, "values_compared": found.values_compared,
        "mismatches": found.mismatches,
        "first_difference": None if difference is None else str(
            replace(difference, image=number)),
        "layers": [_layer(layer) for layer in found.layers]}


def _layer(layer: Neurons) -> dict[str, Any]:
    steps, channels, height, width = layer.spikes[0].shape
    wrong = np.argwhere((layer.spikes[0] != layer.spikes[1])
                        | (layer.membrane[0] != layer.membrane[1]))
    _, channel, y, x = wrong[0].tolist() if len(wrong) else (0, 0, 0, 0)
    rows = _window(channels, CHANNELS, channel)
    places = _window(height * width, max(1, COLUMNS // steps), y * width + x)
    return {
        "name": layer.name, "op": layer.op, "shape": [steps, channels, height, width],
        "channels": [rows.start, rows.stop], "positions": [places.start, places.stop],
        "values": 2 * layer.spikes[0].size,
        "mismatches": sum(int((golden != circuit).sum())
                          for golden, circuit in (layer.spikes, layer.membrane)),
        **{part: {side: _kept(values, rows, places) for side, values in
                  zip(("golden", "circuit"), pair, strict=True)}
           for part, pair in (("membrane", layer.membrane), ("spikes", layer.spikes))}}


def _window(size: int, most: int, wanted: int) -> slice:
    """At most ``most`` of ``size``, ``wanted`` among them."""
    start = 0 if wanted < most else min(wanted - most // 2, size - most)
    return slice(start, min(start + most, size))


def _kept(values: np.ndarray, rows: slice, places: slice) -> list[list[int]]:
    steps, channels, height, width = values.shape
    window = values.reshape(steps, channels, height * width)[:, rows, places]
    return window.transpose(1, 0, 2).reshape(window.shape[1], -1).tolist()
