import json
from dataclasses import replace

import numpy as np
import pytest

from golden import presets
from golden.data import load_user
from ir.folder import load
from spikeloom import images
from spikeloom.cli import main


def command(capsys, *arguments) -> tuple[int | str | None, str, str]:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return ended.value.code, captured.out, captured.err


@pytest.mark.parametrize("levels", [2, 256])
def test_train_then_quantize(capsys, tmp_path, monkeypatch, levels):
    """A short training on a few images, with its progress, and the checkpoint as a graph."""
    preset = presets.PRESETS["digits-tiny"]
    short = replace(preset, name="short", seeds=(0,), validation=8,
                    arguments={**preset.arguments, "grey_levels": levels},
                    recipe=replace(preset.recipe, epochs=2, batch=8),
                    finetune=replace(preset.finetune, epochs=1, batch=8))
    monkeypatch.setattr(presets, "PRESETS", {"short": short})
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "mine.npz",
             **{f"{part}_images": rng.integers(0, 256, (40, 8, 8), dtype=np.uint8)
                for part in ("train", "test")},
             **{f"{part}_labels": np.arange(40) % 10 for part in ("train", "test")})
    code, out, err = command(capsys, "train", "short", "--data", tmp_path / "mine.npz", "--json",
                             "-o", tmp_path / "out")
    result = json.loads(out)
    assert code == 0
    assert "float, seed 0: epoch 2/2, loss " in err and "4 bit, seed 0: epoch 1/1" in err
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["short-w4.safetensors",
                                                                   "short.safetensors"]
    assert result["float"]["parameters"] > 0
    code, out, _ = command(capsys, "quantize", result["quantized_checkpoint"], "--json",
                           "--data", tmp_path / "mine.npz", "-o", tmp_path / "net")
    assert code == 0
    assert json.loads(out)["accuracy_integer"] == result["quantized"]["accuracy_test"]
    assert json.loads(out)["accuracy_float"] is None
    taken, _ = images.test_images(load_user(tmp_path / "mine.npz"), load(tmp_path / "net"), None)
    assert taken.max() == levels - 1
