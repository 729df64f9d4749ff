"""What the README says, where it can be held against the project."""

import re
from pathlib import Path

import pytest

from golden.checkpoints import load_checkpoint
from golden.presets import PRESETS
from spikeloom.cli import COMMANDS

README = (Path(__file__).parents[2] / "README.md").read_text()


def row(name: str) -> list[str]:
    found = re.search(rf"^\| `{name}` \|(.*)\|$", README, re.MULTILINE)
    assert found, f"README has no row for preset {name}"
    return [cell.strip() for cell in found[1].split("|")]


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_as_their_checkpoints_say(name):
    preset = PRESETS[name]
    data, attention, steps, parameters, bits, before, after = row(name)
    assert (data, attention, int(steps)) == (
        preset.dataset, preset.arguments.get("attention", "mask"), preset.arguments.get("steps", 1))
    notes = [load_checkpoint(path)[1] for path in (preset.float_checkpoint,
                                                   preset.quantized_checkpoint)]
    assert int(parameters.replace(",", "")) == notes[1]["parameters"]
    assert int(bits) == notes[1]["weight_bits"] == preset.scheme.weight_bits
    assert [before, after] == [f"{100 * n['accuracy_test']:.2f} %" for n in notes]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_listed(name):
    assert f"| `spikeloom {name}" in README
