# amaranth: UnusedElaboratable=no
"""Weights that come after reset: what is written, and where it then lies."""

import json
from dataclasses import replace

import numpy as np
import pytest
from amaranth import Module
from amaranth.lib import wiring
from amaranth.sim import Simulator

from golden.run import logits
from hdl.accelerator import Accelerator
from hdl.emit import emit
from hdl.lowering import Lowering
from hdl.memory import Memory
from hdl.ops import ConvForm
from hdl.registers import REGISTERS
from hdl.solve import find
from hdl.weight_loader import WeightLoader, words
from hdl.weights import Weights
from ir import Budget, Graph
from tests.ir.graphs import small_graph

LOAD = next(register.address for register in REGISTERS if register.name == "LOAD")
GRAPH = small_graph(3)
FOLDINGS = find(GRAPH, Budget(luts=80_000, ffs=80_000, brams=200, dsps=100), pins={
    name: {"form": "events", "weights": "loaded"} for name in ("down", "qkv")}).foldings


def test_every_memory_is_filled_from_its_lowest_address():
    sizes, rng = [(8, 5), (70, 3), (64, 2)], np.random.default_rng(0)
    contents = [[int.from_bytes(rng.bytes(9), "little") % (1 << width) for _ in range(depth)]
                for width, depth in sizes]
    m = Module()
    m.submodules.loader = loader = WeightLoader(sizes)
    memories = [Memory(width=width, depth=depth, name=str(n), contents=[0] * depth,
                       store=Weights.LOADED) for n, (width, depth) in enumerate(sizes)]
    for n, memory in enumerate(memories):
        m.submodules += memory
        wiring.connect(m, getattr(loader, f"o{n}"), memory.load)
    stream = [word for (width, depth), held in zip(sizes, contents, strict=True)
              for word in words(width, depth, held)]

    async def write(ctx, count):
        for word in stream[:count]:
            ctx.set(loader.data, word)
            ctx.set(loader.write, 1)
            await ctx.tick()
            ctx.set(loader.write, 0)
            await ctx.tick()

    async def testbench(ctx):
        assert ctx.get(loader.missing) == len(stream) == 5 + 9 + 4
        await write(ctx, 7)
        assert ctx.get(loader.missing) == len(stream) - 7
        ctx.set(loader.restart, 1)
        await ctx.tick()
        ctx.set(loader.restart, 0)
        await write(ctx, len(stream))
        assert ctx.get(loader.missing) == 0
        await write(ctx, 1)  # nothing is missing: ignored
        await ctx.tick().repeat(3)
        for memory, held in zip(memories, contents, strict=True):
            for address, word in enumerate(held):
                ctx.set(memory.read_addr, address)
                await ctx.tick()
                assert ctx.get(memory.read_data) == word

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()


def test_what_is_written_through_the_registers_replaces_the_weights():
    """A circuit of a network with other weights becomes the right one."""
    images = np.random.default_rng(0).integers(0, 256, (2, 1, 4, 4), dtype=np.uint8)
    files = emit(GRAPH, FOLDINGS)
    assert [entry["node"] for entry in json.loads(files["manifest.json"])["weights"]] == [
        "down", "qkv"]
    stream = np.frombuffer(files["weights.bin"], "<u4").tolist()
    other = Graph("other", GRAPH.image, tuple(
        replace(node, op=replace(node.op, weight=node.op.weight[:, ::-1]))
        if node.name in ("down", "qkv") else node for node in GRAPH.nodes), GRAPH.encoding)
    dut = Accelerator(other, FOLDINGS)
    got = []

    async def access(ctx, address, value):
        ctx.set(dut.s_axil_bready, 1)
        ctx.set(dut.s_axil_awaddr, address)
        ctx.set(dut.s_axil_wdata, value)
        ctx.set(dut.s_axil_wstrb, 15)
        for valid in (1, 0):
            ctx.set(dut.s_axil_awvalid, valid)
            ctx.set(dut.s_axil_wvalid, valid)
            await ctx.tick()

    async def missing(ctx):
        ctx.set(dut.s_axil_araddr, LOAD)
        ctx.set(dut.s_axil_arvalid, 1)
        ctx.set(dut.s_axil_rready, 1)
        await ctx.tick().until(dut.s_axil_rvalid)
        ctx.set(dut.s_axil_arvalid, 0)
        return ctx.get(dut.s_axil_rdata)

    async def send(ctx, image):
        for beat, word in enumerate(image.reshape(-1, 4).copy().view("<u4")[:, 0].tolist()):
            ctx.set(dut.s_axis_tdata, word)
            ctx.set(dut.s_axis_tlast, beat == 3)
            ctx.set(dut.s_axis_tvalid, 1)
            await ctx.tick().until(dut.s_axis_tready)
        ctx.set(dut.s_axis_tvalid, 0)
        ctx.set(dut.m_axis_tready, 1)
        for _ in range(GRAPH.classes):
            logit, = await ctx.tick().sample(dut.m_axis_tdata).until(dut.m_axis_tvalid)
            got.append(int(np.uint32(logit).view(np.int32)))

    async def testbench(ctx):
        for image in images:
            await send(ctx, image)
        assert await missing(ctx) == len(stream)
        for word in stream:
            await access(ctx, LOAD, word)
        assert await missing(ctx) == 0
        for image in images:
            await send(ctx, image)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    assert got == [*logits(other, images).flat, *logits(GRAPH, images).flat]
    assert got[:len(got) // 2] != got[len(got) // 2:]


def test_only_engines_by_events_have_their_weights_elsewhere():
    folding = replace(FOLDINGS["down"], form=ConvForm.SERIAL)
    with pytest.raises(ValueError, match="Node 'down': A serial convolution has constant weights; "
                                         "to have them loaded, its form must be events"):
        Lowering(GRAPH, {**FOLDINGS, "down": folding})
    with pytest.raises(ValueError, match="weights are constant or logic or loaded, not 'flash'"):
        replace(folding, weights="flash")
    with pytest.raises(ValueError, match="Memory 'w' has no contents to be loaded"):
        Memory(width=8, depth=4, name="w", store=Weights.LOADED)
