"""What `spikeloom energy` prints."""

from typing import Any

from spikeloom import terminal
from spikeloom.energy.conventions import FP32, MODELLED
from spikeloom.energy.published import Published, find_published

__all__ = ["published_document", "tell", "tell_published"]

RATES = (0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
"""Firing rates at which the energy of a network is told whose own are not published."""


def tell(found: dict[str, Any]) -> None:
    """Print a :func:`spikeloom.energy.breakdown.breakdown` as tables."""
    title = f"{found['network']}, {found['images']} images of {found['data']}"
    layers, totals = found["layers"], found["totals"]
    terminal.table(f"{title}: operations ({found['counting']}) and memory traffic per image",
                   ["layer", "operator", "spike rate", "SOPs", "MACs", "dense", "weights, bit",
                    "states, bit", "buffers, bit"],
                   [[layer["name"], layer["op"], *(_number(layer[name]) for name in _COUNTS)]
                    for layer in [*filter(_is_counted, layers), _sums(totals)]])
    terminal.figures("Energy per image", [
        ("synaptic operations", MODELLED, totals["acs"]),
        ("multiply-accumulates", MODELLED, totals["macs"]),
        ("operations, 45 nm int8, nJ", MODELLED, totals["int8_nj"]),
        ("operations, 45 nm fp32, nJ", MODELLED, totals["fp32_nj"]),
        ("memory traffic, 45 nm, nJ", MODELLED, totals["memory_nj"]),
    ])
    if found["activity"] is not None:
        _tell_power(found)


def _tell_power(found: dict[str, Any]) -> None:
    power = found["activity"]
    terminal.table(f"Dynamic energy per image on {power['target']}, modelled from toggles, nJ",
                   ["layer", "toggles per bit and cycle", "LUT (estimated)", "FF (estimated)",
                    "logic", "clock", "block RAM", "sum"],
                   [[part["name"], part["toggle_rate"], part["luts"], part["ffs"],
                     part["logic_nj"], part["clock_nj"], part["ram_nj"],
                     part["logic_nj"] + part["clock_nj"] + part["ram_nj"]]
                    for part in power["parts"]])
    terminal.figures(f"{power['target']} at {power['clock_mhz']:g} MHz", [
        ("images simulated", "measured", power["images"]),
        ("toggles", "measured", power["toggles"]),
        ("cycles per image", "measured", power["cycles_per_image"]),
        ("power on the board, W", "measured", power["measured_watts"]),
        ("dynamic energy per image, nJ", MODELLED, power["dynamic_nj"]),
        ("static energy per image, nJ", MODELLED, power["static_nj"]),
        ("power, W", MODELLED, power["watts"]),
    ])
    terminal.remark(f"Energies from {power['table']}"
                    + (f", {power['calibration']}" if power["calibration"] else ""))
    if power["placeholders"]:
        terminal.remark("Placeholders, assumed and not measured: "
                        + ", ".join(power["placeholders"]))


def published_document(network: Published) -> dict[str, Any]:
    """A published energy and its recomputation, as JSON's own types; millijoules per image."""
    result: dict[str, Any] = {
        "kind": MODELLED, "name": network.name, "family": network.family,
        "source": network.source, "note": network.note,
        "published": {"energy_mj": network.energy_mj, "operations_g": network.operations_g,
                      "parameters_m": network.parameters_m},
        "parameters_m": network.parameters / 1e6,
        "rate_at_published_energy": network.rate(),
        "rate_at_published_energy_stem_once": network.rate(stem_once=True),
        "at_rate": [{"rate": rate, "energy_mj": network.at_rate(rate)} for rate in RATES],
        "recomputed": None,
    }
    if network.measured is not None:
        layers = network.layers()
        macs = sum(layer.operations for layer in layers if layer.rate is None)
        acs = sum(layer.operations for layer in layers if layer.rate is not None)
        energy = (FP32.mac * macs + FP32.ac * acs) / 1e9
        result["published"] |= {"log": network.measured.source, "macs_g": network.measured.macs_g,
                                "acs_g": network.measured.acs_g,
                                "log_energy_mj": network.measured.energy_mj}
        result["recomputed"] = {
            "macs_g": macs / 1e9, "acs_g": acs / 1e9, "energy_mj": energy,
            "deviation": energy / network.energy_mj - 1,
            "layers": [vars(layer) | {"reads": layer.reads.value} for layer in layers]}
    return result


def tell_published(name: str, as_json: bool) -> None:
    """Print a published energy beside its recomputation. Raises ValueError for unknown names."""
    network = find_published(name)
    document = published_document(network)
    if as_json:
        terminal.print_json(document)
        return
    sizes, said, ours = network.sizes, document["published"], document["recomputed"]
    rows: list[tuple[str, Any, Any]] = [
        ("parameters, million", said["parameters_m"], document["parameters_m"])]
    if ours is not None:
        terminal.table(f"{name}: operations of each layer, published and recomputed",
                       ["layer", "reads", "firing rate", "dense", "published", "recomputed", "mJ"],
                       [[layer["name"], layer["reads"], layer["rate"], layer["dense"],
                         layer["published"], layer["operations"], layer["picojoules"] / 1e9]
                        for layer in ours["layers"]])
        rows += [("multiply-accumulates, billion", said["macs_g"], ours["macs_g"]),
                 ("accumulates, billion", said["acs_g"], ours["acs_g"]),
                 ("energy, mJ", said["energy_mj"], ours["energy_mj"])]
    else:
        rows += [(f"energy at a firing rate of {entry['rate']:g}, mJ", "", entry["energy_mj"])
                 for entry in document["at_rate"]]
        rows += [("energy, mJ", said["energy_mj"], ""),
                 ("firing rate at that energy", "", document["rate_at_published_energy"]),
                 ("the same, first layer computed in one time step", "",
                  document["rate_at_published_energy_stem_once"])]
    terminal.table(f"{name}: {sizes.steps} time steps, {sizes.size} x {sizes.size} pixels, 45 nm "
                   "fp32, modelled", ["per image", "published", "recomputed"],
                   [[label, terminal.shown(left), terminal.shown(right)]
                    for label, left, right in rows])
    terminal.remark(f"Source: {network.source}" + (f"; {network.note}" if network.note else ""))
    if ours is None:
        terminal.remark("No firing rates of its layers are published, so the energy is given for "
                        "one rate of all, counts of shortcuts read as spikes")


def _is_counted(layer: dict[str, Any]) -> bool:
    return any(layer[name] is not None for name in _COUNTS)


def _number(value: float | None) -> float | str:
    return "" if value is None else round(value, 4) if value < 1 else round(value, 1)


def _sums(totals: dict[str, float]) -> dict[str, Any]:
    return {"name": "sum", "op": "", "rate": None, **totals}


_COUNTS = ("rate", "acs", "macs", "dense", "weight_bits", "state_bits", "buffer_bits")
