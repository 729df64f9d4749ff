# amaranth: UnusedElaboratable=no
"""The memory leaf: contents must fit, files are named once."""

import pytest

from hdl.emit import DesignFiles
from hdl.memory import Memory


def test_contents_must_fill_the_memory():
    with pytest.raises(ValueError, match="Memory 'w' of 4 words got 3 as contents"):
        Memory(width=8, depth=4, name="w", contents=[1, 2, 3])


def test_contents_become_a_file():
    files = DesignFiles()
    assert files.memory_file("w", 10, [1, 0x3ff]) == "memory/w.hex"
    assert files.files == {"memory/w.hex": b"001\n3ff\n"}
    with pytest.raises(ValueError, match="Two memories are called 'w'"):
        files.memory_file("w", 1, [0])
