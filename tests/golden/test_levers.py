"""Levers of training: what each adds to the loss, and that it moves what it should."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from golden.checkpoints import save_checkpoint
from golden.data import load
from golden.fit import Recipe, evaluate, fit
from golden.levers import Distillation, SpikeCost, TemporalContrast, fewer_steps
from golden.net import Net
from golden.objective import Batch, Lever
from golden.zoo.parallel import parallel_net
from golden.zoo.spiking_transformer import spiking_transformer

DIGITS = load("digits")
TRAIN = torch.from_numpy(DIGITS.train_images[:400]), torch.from_numpy(DIGITS.train_labels[:400])
HELD = tuple(part[:100] for part in TRAIN)
ARGUMENTS = {"channels": 1, "height": 8, "width": 8, "classes": 10, "steps": 3, "stem": (8,),
             "strides": (1, 2), "dim": 8, "blocks": 1, "hidden": 8}
RECIPE = Recipe(epochs=3, batch=40)


@torch.no_grad()
def batch_of(net: Net, images: torch.Tensor = HELD[0], labels: torch.Tensor = HELD[1]) -> Batch:
    tensors = {}
    logits = net(images, lambda name, x: tensors.__setitem__(name, x))
    return Batch(images, labels, logits, tensors)


def trained(*levers: Lever) -> Net:
    net = spiking_transformer(**ARGUMENTS)
    fit(net, replace(RECIPE, levers=levers), TRAIN, HELD)
    return net


PLAIN = trained()
PARALLEL = parallel_net(channels=1, height=8, width=8, classes=3, steps=2, widths=(4,), pools="1",
                        map_size=4, hidden=4)


def spikes(net: Net) -> float:
    return float(SpikeCost(weight=1.0).term(net).loss(batch_of(net)))


def test_spike_cost_is_the_share_of_operations_that_spikes_cause():
    batch, counted, dense = batch_of(PLAIN), 0.0, 0
    reads = {"stem1": "stem0_lif", "block0_qkv": "block0_lif", "block0_fc1": "block0_mlp_lif",
             "block0_fc2": "block0_fc1_lif"}
    for name in reads:
        assert PLAIN.inputs[name] == (reads[name],)
    term = SpikeCost(weight=2.0).term(PLAIN)
    assert set(reads.values()) <= term.tensors and "block0_attn" not in term.tensors
    assert not any("attn" in name for name in term.tensors)
    for name, layer in PLAIN.named_layers():
        if hasattr(layer, "weight") and PLAIN.inputs[name][0] in term.tensors:
            steps, _, height, width = PLAIN.shapes[name]
            operations = steps * height * width * layer.weight.numel()
            dense += operations
            counted += operations * float(batch.tensors[PLAIN.inputs[name][0]].mean())
    assert dense > 0
    assert float(term.loss(batch)) == pytest.approx(2 * counted / dense)
    assert float(SpikeCost(weight=1, target=0.99).term(PLAIN).loss(batch)) == 0


def test_spike_cost_makes_fewer_spikes():
    assert spikes(trained(SpikeCost(weight=20.0))) < 0.7 * spikes(PLAIN)


def test_temporal_contrast_is_the_supervised_contrastive_loss():
    lever = TemporalContrast(weight=0.5, temperature=0.2)
    images, labels = HELD[0][:6], torch.tensor([0, 1, 0, 1, 2, 2])
    batch = batch_of(PLAIN, images, labels)
    term = lever.term(PLAIN)
    source, = term.tensors
    features = [functional.normalize(batch.tensors[source][t, n].flatten(), dim=0)
                for t in range(3) for n in range(6)]
    classes = [int(labels[n]) for _ in range(3) for n in range(6)]
    losses = []
    for i, z in enumerate(features):
        scores = {j: float(z @ other) / 0.2 for j, other in enumerate(features) if j != i}
        total = torch.tensor(list(scores.values())).exp().sum().log()
        losses += [float(total) - score for j, score in scores.items() if classes[j] == classes[i]]
    assert len(losses) == 18 * 5
    assert float(term.loss(batch)) == pytest.approx(0.5 * sum(losses) / len(losses), rel=1e-4)


def test_temporal_contrast_brings_steps_of_a_class_together():
    lever = TemporalContrast(weight=1.0)

    def contrast(net: Net) -> float:
        return float(lever.term(net).loss(batch_of(net)))

    assert contrast(trained(lever)) < contrast(PLAIN)


def test_distillation_is_the_divergence_from_the_teacher(tmp_path):
    teacher = spiking_transformer(**ARGUMENTS, seed=5)
    save_checkpoint(tmp_path / "teacher.safetensors", teacher)
    lever = Distillation(teacher=str(tmp_path / "teacher.safetensors"), weight=3, temperature=2)
    batch = batch_of(PLAIN)
    wanted = (teacher.eval()(HELD[0]) / 2).softmax(1)
    found = (batch.logits / 2).log_softmax(1)
    divergence = (wanted * (wanted.log() - found)).sum(1).mean().detach()
    loss = lever.term(PLAIN).loss(batch).detach()
    assert float(loss) == pytest.approx(3 * 4 * float(divergence), rel=1e-3)
    with pytest.raises(ValueError, match=r"takes \(1, 1, 8, 8\) and has 10 classes, the network"):
        lever.term(spiking_transformer(**ARGUMENTS | {"classes": 9}))


def test_fewer_steps_keep_the_weights():
    fewer = fewer_steps(PLAIN, 1)
    assert fewer.steps == 1 and PLAIN.steps == 3
    before, after = PLAIN.state_dict(), fewer.state_dict()
    assert before.keys() == after.keys() and len(before) > 20
    assert all(torch.equal(before[name], after[name]) for name in before)
    fit(fewer, replace(RECIPE, epochs=8, batch=20), TRAIN, HELD)
    assert evaluate(fewer, *HELD) > 0.5


@pytest.mark.parametrize(("make", "message"), [
    (lambda: SpikeCost(weight=0), "SpikeCost weight must be above zero, not 0"),
    (lambda: SpikeCost(weight=1, target=1), "SpikeCost target must be from 0 to below 1, not 1"),
    (lambda: TemporalContrast(weight=1, temperature=0), "temperature must be above zero, not 0"),
    (lambda: Distillation(teacher="t", weight=-1), "Distillation weight must be above zero"),
    (lambda: TemporalContrast(weight=1).term(fewer_steps(PLAIN, 1)), "several time steps"),
    (lambda: fewer_steps(PLAIN, 3), "steps must be 1 to 2, not 3"),
    (lambda: fewer_steps(PARALLEL, 1), "depend on its steps"),
])
def test_what_levers_refuse(make, message):
    with pytest.raises(ValueError, match=message):
        make()
