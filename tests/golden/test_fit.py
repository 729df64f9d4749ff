"""Training: seeded, and the same whether it was interrupted or not."""

from dataclasses import replace

import pytest
import torch

from golden.augment import Augmentation
from golden.data import load
from golden.fit import Epoch, Recipe, evaluate, fit
from golden.net import Net
from golden.zoo.spiking_transformer import spiking_transformer

DIGITS = load("digits")
TRAIN = torch.from_numpy(DIGITS.train_images[:400]), torch.from_numpy(DIGITS.train_labels[:400])
HELD = tuple(torch.from_numpy(part[400:500]) for part in (DIGITS.train_images,
                                                          DIGITS.train_labels))
ARGUMENTS = {"channels": 1, "height": 8, "width": 8, "classes": 10, "steps": 2, "stem": (8,),
             "strides": (1, 2), "dim": 8, "blocks": 1, "hidden": 8}
RECIPE = Recipe(epochs=3, batch=40, augmentation=Augmentation(shift=0.5, rotation=5))


class Stop(Exception):
    pass


def weights(model: Net) -> torch.Tensor:
    return torch.cat([value.flatten().float() for value in model.state_dict().values()])


def run(recipe: Recipe = RECIPE, **options) -> tuple[torch.Tensor, list[Epoch]]:
    model = spiking_transformer(**ARGUMENTS, seed=recipe.seed)
    history = fit(model, recipe, TRAIN, HELD, **options)
    return weights(model), history


def test_training_learns():
    model = spiking_transformer(**ARGUMENTS)
    before = evaluate(model, *HELD)
    history = fit(model, replace(RECIPE, epochs=8, batch=20), TRAIN, HELD)
    assert [epoch.number for epoch in history] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert history[-1].loss < history[0].loss
    assert history[-1].validation > max(before, 0.3)
    assert evaluate(model, *HELD) == pytest.approx(history[-1].validation, abs=0.1)
    assert not model.training


def test_a_seed_makes_the_training():
    first, again, other = run(), run(), run(replace(RECIPE, seed=1))
    assert torch.equal(first[0], again[0])
    assert first[1] == again[1]
    assert not torch.equal(first[0], other[0])


@pytest.mark.parametrize("at", [1, 2])
def test_an_interrupted_training_ends_the_same(tmp_path, at):
    expected = run()
    resume = tmp_path / "state.resume"

    def interrupt(done: int, total: int, epoch: Epoch | None) -> None:
        if done == at * 10 + 5:
            raise Stop

    with pytest.raises(Stop):
        run(progress=interrupt, resume=resume)
    found = run(resume=resume)
    assert torch.equal(found[0], expected[0])
    assert found[1] == expected[1]
    assert not list(tmp_path.glob("*.part"))


def test_a_finished_training_is_not_trained_again(tmp_path):
    resume = tmp_path / "state.resume"
    expected = run(resume=resume)

    def never(*_) -> None:
        raise Stop

    found = run(resume=resume, progress=never)
    assert torch.equal(found[0], expected[0])


def test_another_training_is_not_resumed(tmp_path):
    resume = tmp_path / "state.resume"
    run(resume=resume)
    with pytest.raises(ValueError, match="another model, data set or recipe; remove it"):
        run(replace(RECIPE, learning_rate=1e-3), resume=resume)
    resume.write_bytes(resume.read_bytes()[:100])
    with pytest.raises(ValueError, match="cannot be resumed .*; remove it to start again"):
        run(resume=resume)


def test_progress_counts_steps_and_epochs():
    calls = []
    run(progress=lambda *call: calls.append(call))
    assert [call[0] for call in calls] == list(range(1, 31))
    assert {call[1] for call in calls} == {30}
    assert [done for done, _, epoch in calls if epoch is not None] == [10, 20, 30]


def test_a_loss_that_is_no_number_is_an_error():
    model = spiking_transformer(**ARGUMENTS)
    with torch.no_grad():
        model.layers["head"].weight.fill_(float("nan"))
    with pytest.raises(ValueError, match="loss became nan in epoch 1; lower the learning rate"):
        fit(model, RECIPE, TRAIN, HELD)


def test_what_a_recipe_refuses():
    with pytest.raises(ValueError, match="Recipe epochs must be at least 1, not 0"):
        Recipe(epochs=0)
    with pytest.raises(ValueError, match="Recipe batch must be at least 1, not 0"):
        Recipe(epochs=1, batch=0)
