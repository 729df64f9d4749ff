"""Results of a run, as the commands write them."""

from typing import Any

__all__ = ["placed", "verified"]

LAYERS = [
    {"name": "stem", "op": "Conv", "shape": [1, 4, 8, 8], "bits": 12, "spike_rate": None,
     "latency_cycles": 20, "acs": 0.0, "macs": 2304.0, "dense": 2304.0, "fp32_nj": 10.6,
     "int8_nj": 0.53, "weight_memory_nj": 1.4},
    {"name": "stem_lif", "op": "Lif", "shape": [2, 4, 8, 8], "bits": 1, "spike_rate": 0.1234,
     "latency_cycles": 24},
    {"name": "head", "op": "Conv", "shape": [1, 10, 1, 1], "bits": 9, "spike_rate": None,
     "latency_cycles": 900, "acs": 77.0, "macs": 0.0, "dense": 80.0, "fp32_nj": 0.07,
     "int8_nj": 0.0023, "weight_memory_nj": 0.05},
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
        "stages": [{"name": "stem", "op": "Conv", "folding": "4 lanes", "busy_cycles": 1100.0},
                   {"name": "stem_lif", "op": "Lif", "folding": "2 lanes", "busy_cycles": 256.0},
                   {"name": "head", "op": "Conv", "folding": "1 lane", "busy_cycles": 40.0}],
        "layers": LAYERS,
        "energy": {"kind": "modelled", "images": 360, "sops": 77.0, "macs": 2304.0,
                   "fp32_nj": 10.67, "int8_nj": 0.5323, "weight_memory_nj": 1.45, "layers": []},
        "notes": {"seed": 3}, **changes,
    }


def placed(**changes: Any) -> dict[str, Any]:
    """What `synth` found on a ULX3S 85F."""
    return {
        "target": "ulx3s-85f", "luts": 8364, "ffs": 5000, "brams": 20, "dsps": None,
        "fmax_mhz": 131.25, "clock_mhz": 120.0, "met": True, "seed": 1, "critical_path": "8 ns",
        "bitstream": "spikeloom.bit", "seconds": 60.0, "cached": False, "kind": "measured",
        "versions": {"yosys": "0.70"}, "logs": [], **changes,
    }
