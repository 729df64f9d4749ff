"""Equal modules are written once, and only those."""

import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from amaranth.back import rtlil
from amaranth.hdl import ClockSignal, Elaboratable, Instance, Module, Signal, Value

from hdl import twins
from hdl.ops.conv import ConvFolding, ConvForm
from hdl.solve import least
from hdl.twins import merged
from ir import Encoding, Graph, Node, pixels
from ir.ops import Conv, Lif, Repeat, TimeSum, TokenSum
from sim.neurons import record
from sim.verify import verify
from spikeloom.design import Design
from tests.ir.graphs import random_conv


class Words(Elaboratable):
    """A memory whose contents are a file; its address is no signal, so that its port has none."""

    def __init__(self, contents: str, address: Value):
        self.contents, self.address, self.word = contents, address, Signal(8)

    def elaborate(self, platform):
        m = Module()
        m.submodules.leaf = Instance("memory", p_INIT=self.contents, i_clk=ClockSignal(),
                                     i_address=self.address, o_word=self.word)
        return m


class Counter(Elaboratable):
    """Counts through a memory of its own."""

    def __init__(self, contents: str):
        self.contents, self.out = contents, Signal(8)

    def elaborate(self, platform):
        m = Module()
        count = Signal(8)
        m.submodules.words = words = Words(self.contents, count + 1)
        m.d.sync += [count.eq(count * 3 + words.word), self.out.eq(count ^ words.word)]
        return m


def counters(*contents: str) -> str:
    """Counters side by side, with such contents."""
    m, out = Module(), Signal(8 * len(contents))
    for i, name in enumerate(contents):
        m.submodules[f"counter{i}"] = counter = Counter(name)
        m.d.comb += out.word_select(i, 8).eq(counter.out)
    return rtlil.convert(m, name="top", ports=[out], emit_src=False)


def modules(text: str) -> list[str]:
    return re.findall(r"^module \\(\S+)$", text, re.M)


def children(text: str) -> list[str]:
    """What is instantiated, and as what."""
    return re.findall(r"^  cell \\(\S+ \\\S+)$", text, re.M)


def test_equal_modules_are_one_from_the_leaves_up():
    text = counters("same", "same", "same")
    assert len(modules(text)) == 7
    found = merged(text)
    assert modules(found) == ["top", "top.counter0", "top.counter0.words"]
    assert children(found) == [
        *(f"top.counter0 \\counter{i}" for i in range(3)),
        "top.counter0.words \\words", "memory \\leaf"]


def test_ports_without_a_signal_are_counted_in_each_module():
    """Their names tell where a net is in the netlist; what connects them follows."""
    text = counters("same", "same", "same")
    for each, numbers in (text, 6), (merged(text), 1):
        names = set(re.findall(r"\\port\$\S+", each))
        ports = re.findall(r"^  wire .*put.* (\\port\S+)$", each, re.M)
        pins = re.findall(r"^    connect (\\port\S+) ", each, re.M)
        assert len(names) == numbers and names == set(ports) == set(pins)


def test_memories_of_other_contents_keep_their_modules():
    text = counters("same", "other", "same", "same")
    assert modules(merged(text)) == ["top", "top.counter0", "top.counter0.words",
                                     "top.counter1", "top.counter1.words"]
    for one, contents in (("counter0", "same"), ("counter1", "other")):
        (body,) = re.findall(rf"^module \\top\.{one}\.words\n(.*?)^end$", merged(text),
                             re.M | re.S)
        assert f'INIT "{contents}"' in body


def test_where_little_repeats_nothing_changes(monkeypatch):
    text = counters("one", "two", "three")
    assert merged(text) == text
    text = counters(*"abcdefgh", "h")
    assert merged(text) == text
    monkeypatch.setattr(twins, "WORTH", 0.01)
    assert len(modules(merged(text))) == len(modules(text)) - 2


def test_same_text_same_bytes():
    assert merged(counters(*"aaab")) == merged(counters(*"aaab")) != counters(*"aaab")


@pytest.mark.parametrize("text", ["module \\a\nend\n", "wire\nend\n\n",
                                  "module \\a\nend\n\n" * 2])
def test_what_is_not_modules_is_refused(text):
    with pytest.raises(ValueError, match="^The text"):
        merged(text)


BLOCKS, STEPS, SIZE, SEED = 5, 2, 3, 585
IMAGES = np.random.default_rng(5).integers(0, 256, (6, 1, SIZE, SIZE), dtype=np.uint8)


def blocks() -> Graph:
    """Equal blocks but for the places of their weights: modules alike, memories not."""
    rng = np.random.default_rng(SEED)
    conv = random_conv(rng, 1, 1, 3, padding=1)

    def mixed() -> Conv:
        weight = rng.permutation(conv.weight.flatten()).reshape(conv.weight.shape)
        return replace(conv, weight=weight)

    def lif(threshold: int) -> Lif:
        return Lif(threshold=np.full(1, threshold))

    nodes, x = [Node("stem", random_conv(rng, 1, 1), ("image",)),
                Node("current", Repeat(steps=STEPS), ("stem",)),
                Node("fire", lif(150), ("current",))], "fire"
    for name in (f"block{i}" for i in range(BLOCKS)):
        nodes += [Node(f"{name}_conv", mixed(), (x,)),
                  Node(x := f"{name}_lif", lif(2), (f"{name}_conv",))]
    nodes += [Node("tokens", TokenSum(), (x,)), Node("counts", TimeSum(), ("tokens",)),
              Node("head", random_conv(rng, 1, 3), ("counts",))]
    return Graph("blocks", pixels(1, SIZE, SIZE), tuple(nodes),
                 Encoding(scale=Fraction(1, 255), mean=(0.25,), std=(0.5,)), {})


@pytest.fixture(scope="module")
def rtl(tmp_path_factory) -> Path:
    """Their circuit, weights in memories."""
    graph, folder = blocks(), tmp_path_factory.mktemp("twins") / "rtl"
    serial = ConvFolding(lanes=1, drain=1, scan=1, form=ConvForm.SERIAL)
    Design(graph, least(graph) | {f"block{i}_conv": serial for i in range(BLOCKS)}).write(folder)
    return folder


def test_neurons_of_all_blocks_are_one_module_and_their_weights_are_not(rtl):
    text = (rtl / "spikeloom.v").read_text()
    written = re.findall(r"^module \\spikeloom\.network\.block(\d)_(\S+)", text, re.M)
    neurons, weights = ([int(block) for block, name in written if name == part]
                        for part in ("lif", "conv.weights"))
    assert neurons == [0] and weights == list(range(BLOCKS))
    instances = re.findall(r"^  \\spikeloom\.network\.block0_lif +(\S+) +\(", text, re.M)
    assert instances == [f"block{i}_lif" for i in range(BLOCKS)]


def test_every_tensor_of_merged_modules_equals_golden(rtl):
    found = verify(rtl, IMAGES, trace_images=len(IMAGES))
    assert found.mismatches == 0, found.first_difference
    assert found.values_compared >= len(IMAGES) * sum(
        kind.values for kind in blocks().types.values()) > 0


def test_membranes_of_neurons_that_share_a_module_are_told_apart(rtl):
    found = record(rtl, IMAGES[0])
    assert [layer.name for layer in found.layers] == [
        "fire", *(f"block{i}_lif" for i in range(BLOCKS))]
    assert found.mismatches == 0, found.first_difference
    assert found.values_compared == 2 * (BLOCKS + 1) * STEPS * SIZE * SIZE
    circuits = {layer.membrane[1].tobytes() for layer in found.layers}
    assert len(circuits) == BLOCKS + 1
