"""Results of a run, as the commands write them."""

from collections.abc import Iterable
from typing import Any

__all__ = ["deep", "placed", "powered", "recorded", "searched", "verified"]

LAYERS = [
    {"name": "stem", "op": "Conv", "inputs": ["image"],
     "shape": [1, 4, 8, 8], "bits": 12, "spike_rate": None,
     "latency_cycles": 20, "acs": 0.0, "macs": 2304.0, "dense": 2304.0, "fp32_nj": 10.6,
     "int8_nj": 0.53, "weight_memory_nj": 1.4},
    {"name": "stem_lif", "op": "Lif", "inputs": ["stem"],
     "shape": [2, 4, 8, 8], "bits": 1, "spike_rate": 0.1234,
     "latency_cycles": 24},
    {"name": "head", "op": "Conv", "inputs": ["stem_lif"],
     "shape": [1, 10, 1, 1], "bits": 9, "spike_rate": None,
     "latency_cycles": 900, "acs": 77.0, "macs": 0.0, "dense": 80.0, "fp32_nj": 0.07,
     "int8_nj": 0.0023, "weight_memory_nj": 0.05},
]

STAGES = [
    {"name": name, "op": op, "folding": folding, "busy_cycles": cycles, "limit": limit,
     "area": {"luts": luts, "ffs": luts // 2, "brams": 1, "dsps": 0}}
    for name, op, folding, cycles, limit, luts in (
        ("image", "PixelInput", "as its input", 64.0, "input", 20),
        ("stem", "Conv", "4 lanes", 1100.0, "add", 800),
        ("stem_lif", "Lif", "2 lanes", 256.0, "input", 90),
        ("head", "Conv", "1 lane", 40.0, "search", 300))
]


def verified(**changes: Any) -> dict[str, Any]:
    """What `verify` found on a network of three layers."""
    return {
        "preset": "digits", "network": "digits", "digest": "ab" * 32, "target": "ulx3s-85f",
        "clock_mhz": 120.0, "data": "digits", "images": 360, "traced_images": 360,
        "traced_tensors": 4, "values_compared": 123456, "mismatches": 0, "first_difference": None,
        "accuracy_float": 0.9861, "accuracy_integer": 0.9833, "accuracy_circuit": 0.9833,
        "cycles_per_image": 1200.0, "latency_cycles": 2222, "simulated_cycles": 440000,
        "seconds": 3.2, "build_seconds": 12.0, "estimated_cycles_per_image": 1190.0,
        "estimated_images": 100,
        "bound_cycles_per_image": 1100.0, "bound_ratio": 1100 / 1200, "slowest": "stem",
        "stages": STAGES,
        "layers": LAYERS,
        "energy": {"kind": "modelled", "images": 360, "sops": 77.0, "macs": 2304.0,
                   "fp32_nj": 10.67, "int8_nj": 0.5323, "weight_memory_nj": 1.45, "layers": []},
        "notes": {"seed": 3}, **changes,
    }


def deep(blocks: int) -> dict[str, Any]:
    """What `verify` found on a network of many layers with long names."""
    layers, stages, before = [], [STAGES[0]], "image"
    for n in range(blocks):
        for layer, stage in zip(LAYERS, STAGES[1:], strict=True):
            name = f"encoder_block{n}_attention_{layer['name']}"
            layers.append({**layer, "name": name, "inputs": [before, "image"]})
            stages.append({**stage, "name": name, "busy_cycles": stage["busy_cycles"] + n})
            before = name
    slowest = max(stages, key=lambda stage: stage["busy_cycles"])["name"]
    return verified(layers=layers, stages=stages, slowest=slowest)


def placed(**changes: Any) -> dict[str, Any]:
    """What `synth` found on a ULX3S 85F."""
    return {
        "target": "ulx3s-85f", "luts": 8364, "ffs": 5000, "brams": 20, "dsps": None,
        "fmax_mhz": 131.25, "clock_mhz": 120.0, "met": True, "seed": 1, "critical_path": "8 ns",
        "bitstream": "spikeloom.bit", "seconds": 60.0, "cached": False, "kind": "measured",
        "versions": {"yosys": "0.70"}, "logs": [], **changes,
    }


def searched(*accuracies: float) -> dict[str, Any]:
    """What `explore` found: circuits of these accuracies, each twice as dear as the one before."""
    return {"front": [
        {"name": f"circuit {n}", "accuracy": accuracy, "energy_uj": 0.01 * 2 ** n,
         "energy_kind": "modelled", "latency_us": 20.0 + n, "luts": 4000 + 500 * n, "brams": 4 + n,
         "fmax_mhz": 121.5, "cycles_per_image": 2400.0 + n, "images": 360,
         "values_compared": 9105120, "mismatches": 0} for n, accuracy in enumerate(accuracies)]}


def powered(names: Iterable[str]) -> dict[str, Any]:
    """What `energy` found on a network of these layers, as far as a page shows it."""
    parts = [{"name": name, "logic_nj": 30.0 + n, "clock_nj": 50.0, "ram_nj": 5.0 * (n % 2)}
             for n, name in enumerate(names)]
    dynamic = sum(part["logic_nj"] + part["clock_nj"] + part["ram_nj"] for part in parts)
    layers = [{"name": part["name"], "fp32_nj": 3.0, "int8_nj": 0.5, "weight_bits": 6400.0,
               "state_bits": 64.0 * n, "buffer_bits": None} for n, part in enumerate(parts)]
    return {"network": "digits", "digest": "ab" * 32, "images": 360, "layers": layers,
            "totals": {"fp32_nj": 3.0 * len(layers)}, "activity": {
        "target": "ulx3s-85f", "clock_mhz": 120.0, "images": 20, "toggles": 162031515,
        "parts": parts, "static_nj": 5879.5, "dynamic_nj": dynamic, "total_nj": dynamic + 5879.5,
        "table": "spikeloom/energy/fpga/ecp5.toml", "calibration": "",
        "placeholders": ["lut_toggle", "ff_toggle", "static power of LFE5U-85F"]}}


def recorded(*, wrong: bool = False) -> dict[str, Any]:
    """What `verify --neurons` found in two layers; ``wrong`` is one spike that is not golden's."""
    layers = []
    for number, name in enumerate(("stem_lif", "head_lif")):
        golden = [[(5 * channel + 3 * column) % 17 - 8 for column in range(8)]
                  for channel in range(3)]
        spikes = [[int(value >= 4) for value in row] for row in golden]
        seen = [list(row) for row in spikes]
        if wrong and number:
            seen[1][2] ^= 1
        layers.append({
            "name": name, "op": "Lif", "shape": [2, 3, 2, 2], "channels": [0, 3],
            "positions": [0, 4], "values": 48, "mismatches": int(seen != spikes),
            "membrane": {"golden": golden, "circuit": golden},
            "spikes": {"golden": spikes, "circuit": seen}})
    return {"kind": "measured", "network": "digits", "digest": "ab" * 32, "image": 7, "label": 3,
            "values_compared": 96, "mismatches": int(wrong),
            "first_difference": "node 'head_lif', image 7, step 0, channel 1, position (1, 0): "
                                "expected 0, got 1" if wrong else None, "layers": layers}
