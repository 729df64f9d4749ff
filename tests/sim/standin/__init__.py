"""A small circuit written by hand, to test the harness with: its graph and its rtl folder."""

import json
from pathlib import Path

import numpy as np

from ir import Graph, Node, folder, pixels
from ir.ops.conv import Conv
from ir.ops.repeat import Repeat
from ir.ops.time_sum import TimeSum
from ir.ops.token_sum import TokenSum

__all__ = ["FAULTS", "expected", "graph", "write"]

VERILOG = Path(__file__).with_name("spikeloom.v")
FAULTS = ("image", "position", "step", "channel", "amount", "hang", "fickle", "port", "no_last",
          "surplus", "miscount", "marked", "echo", "lost", "pixel")
TENSORS = (
    # name, shape, block, lanes, bits, signed
    ("image", (1, 2, 3, 3), 2, 2, 8, False),
    ("spread", (1, 4, 3, 3), 4, 2, 10, True),
    ("again", (2, 4, 3, 3), 2, 1, 10, True),
    ("token__sum", (2, 4, 1, 1), 4, 4, 20, True),
    ("total", (1, 4, 1, 1), 4, 1, 21, True),
)


def graph() -> Graph:
    """Four sums of a two-channel image of 3x3 pixels, made twice and added up."""
    weight = np.array([[1, 0], [0, 1], [1, 1], [1, -1]])[:, :, None, None]
    return Graph("standin", pixels(2, 3, 3), (
        Node("spread", Conv(weight=weight, bias=np.array([0, 0, 0, -3]),
                            shift=np.zeros(4, int), weight_bits=2), ("image",)),
        Node("again", Repeat(steps=2), ("spread",)),
        Node("token__sum", TokenSum(), ("again",)),
        Node("total", TimeSum(), ("token__sum",)),
    ))


def expected(images: np.ndarray) -> np.ndarray:
    """The logits, int64 ``[N, 4]``, from scratch."""
    first, second = images.astype(np.int64).sum((2, 3)).T * 2
    return np.stack([first, second, first + second, first - second - 54], 1)


def write(path: Path, **faults: int) -> Path:
    """Write the rtl folder; ``faults`` are the values of :data:`FAULTS` that are not zero."""
    (path / "memory").mkdir(parents=True, exist_ok=True)
    network = int(folder.digest(graph())[:8], 16)
    text = VERILOG.read_text().replace("NETWORK = 32'h00000000", f"NETWORK = 32'h{network:08x}")
    (path / "spikeloom.v").write_text(text)
    values = [faults.pop(name, 0) & 0xFFFFFFFF for name in FAULTS]
    assert not faults, f"no such faults: {faults}"
    (path / "memory" / "fault.hex").write_text("".join(f"{value:08x}\n" for value in values))
    (path / "spikeloom.f").write_text("spikeloom.v\n")
    tensors = [{"name": name, "fire": f"probe_{name}_fire", "data": f"probe_{name}_data",
                "shape": shape, "block": block, "lanes": lanes, "bits": bits, "signed": signed}
               for name, shape, block, lanes, bits, signed in TENSORS]
    (path / "manifest.json").write_text(json.dumps({
        "format": 1, "top": "spikeloom", "sources": ["spikeloom.v"],
        "memories": ["memory/fault.hex"], "target": None, "probe_path": ["network"],
        "probe_module": "spikeloom.network", "input": {
            "beats": 5, "pixels": 18, "pixel_bits": 8, "pixels_per_beat": 4},
        "output": {"beats": 4}, "tensors": tensors}))
    folder.save(graph(), path / "net")
    return path
