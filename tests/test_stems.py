"""One operator is one stem in every layer: spec, kernel, circuit, test."""

from pathlib import Path

import pytest

from golden.ops import KERNELS
from hdl.ops import LOWERINGS
from ir.ops import OPS

ROOT = Path(__file__).parents[1]
HELPERS = {"byte_conv", "checks", "constants", "products"}
"""Of the kernels."""

LAYERS = ("ir/ops/{}.py", "golden/ops/{}.py", "hdl/ops/{}.py", "tests/ops/test_{}.py")


@pytest.mark.parametrize("op", OPS)
def test_every_operator_is_in_every_layer(op):
    stem = op.__module__.rpartition(".")[2]
    missing = [layer.format(stem) for layer in LAYERS if not (ROOT / layer.format(stem)).exists()]
    assert not missing
    assert op in KERNELS and op in LOWERINGS


def test_no_table_knows_more():
    assert set(OPS) == set(KERNELS) == set(LOWERINGS)
    for layer in LAYERS[:3]:
        stems = {path.stem for path in (ROOT / layer).parent.glob("*.py")} - {"__init__"}
        helpers = HELPERS if layer.startswith("golden") else set()
        assert stems - helpers == {op.__module__.rpartition(".")[2] for op in OPS}
