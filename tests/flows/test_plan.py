"""Plans are values: pure, equal when made twice, and told apart by their digests."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from flows import FLOWS, get_target
from flows.flow import HARNESS, NETLIST, Implementation, Router
from flows.plan import Plan, Step

STEP = Step(name="work", tool="yosys", arguments=("-s", "a.ys"))
PLAN = Plan({"a.ys": b"stat\n", "b.v": b""}, steps=(STEP,), outputs=("out",))


@pytest.mark.parametrize("other", [
    replace(PLAN, files={**PLAN.files, "b.v": b"\n"}),
    replace(PLAN, files={**PLAN.files, "a.ys": b"stop\n"}),
    replace(PLAN, files={"a.ys": b"stat\n", "c.v": b""}),
    replace(PLAN, files={"a.ys": b"stat\n"}),
    replace(PLAN, steps=(replace(STEP, arguments=("-s a.ys",)),)),
    replace(PLAN, steps=(replace(STEP, tool="icepack"),)),
    replace(PLAN, steps=(replace(STEP, log="log"),)),
    replace(PLAN, steps=(STEP, STEP)),
    replace(PLAN, outputs=("out", "more")),
])
def test_digest_sees_every_difference(other):
    assert other.digest() != PLAN.digest()


def test_digest_does_not_see_the_order_of_files():
    assert replace(PLAN, files=dict(reversed(PLAN.files.items()))).digest() == PLAN.digest()


@pytest.mark.parametrize("path", ["/tmp/x", "../x", "a/../../x", ""])
def test_files_outside_the_folder_are_refused(path):
    with pytest.raises(ValueError, match="is outside the plan's folder"):
        replace(PLAN, outputs=(path,))


@pytest.mark.parametrize("target", ["ulx3s-85f", "lfe5u-25f", "icebreaker", "ice40-hx8k-evn"])
def test_planning_twice_gives_equal_plans(tiny, target):
    goal = get_target(target)
    flow = FLOWS[goal.family]
    assert flow.synthesis(tiny, goal) == flow.synthesis(tiny, goal)
    netlist = b'{"modules": {"%s": {"ports": {}, "cells": {}}}}' % HARNESS.encode()
    plans = [flow.placement(netlist, Implementation(goal, 50.0, *how))
             for how in ((1,), (1,), (2,), (1, Router.SECOND))]
    digests = [plan.digest() for plan in plans]
    assert digests[0] == digests[1] and len(set(digests)) == 3


def test_another_process_plans_the_same():
    """Nothing in a plan hangs on the order of a set or on an object's address."""
    code = ("from flows import FLOWS, Circuit, get_target\n"
            "source = b'module a(clk, x, y);\\ninput clk;\\ninput x;\\noutput y;\\nendmodule\\n'\n"
            "target = get_target('ulx3s-85f')\n"
            "circuit = Circuit(top='a', sources={'a.v': source})\n"
            "print(FLOWS[target.family].synthesis(circuit, target).digest())\n")
    digests = {subprocess.run([sys.executable, "-c", code], check=True, capture_output=True,
                              text=True, env={**os.environ, "PYTHONHASHSEED": seed}).stdout
               for seed in ("1", "2")}
    assert len(digests) == 1 and len(digests.pop().strip()) == 64


def test_a_synthesis_is_shared_by_the_sizes_of_a_family(tiny):
    small, large = get_target("ulx3s-25f"), get_target("ulx3s-85f")
    flow = FLOWS[small.family]
    assert flow.synthesis(tiny, small).digest() == flow.synthesis(tiny, large).digest()


def test_tools_see_relative_paths_only(tiny):
    goal = get_target("ulx3s-85f")
    plan = FLOWS[goal.family].synthesis(tiny, goal)
    assert NETLIST in plan.outputs
    assert not [argument for step in plan.steps for argument in step.arguments
                if argument.startswith("/")]
    assert "read_verilog tiny.v\n" in plan.files["synth.ys"].decode()
    assert "synth_ecp5 -no-rw-check" in plan.files["synth.ys"].decode()
