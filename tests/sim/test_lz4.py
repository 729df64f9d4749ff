"""The compressor of waves: what it writes is LZ4, and decodes to what went in."""

import subprocess

import pytest

from sim.tools import WAVE_FLAGS, find_toolchain

PROGRAM = """
#include <cstdio>
#include <iterator>
#include <vector>
#include "lz4.h"
int main(int, char** argv) {
    std::vector<char> data;
    std::FILE* file = std::fopen(argv[1], "rb");
    for (int c; (c = std::fgetc(file)) != EOF;) data.push_back(char(c));
    std::vector<char> out(LZ4_compressBound(int(data.size())));
    const int size = LZ4_compress_default(data.data(), out.data(), int(data.size()),
                                          int(out.size()));
    if (size > int(out.size())) return 1;
    std::fwrite(out.data(), 1, size_t(size), stdout);
}
"""


@pytest.fixture(scope="module")
def compress(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lz4")
    (folder / "main.cpp").write_text(PROGRAM)
    subprocess.run([find_toolchain().compiler, "-O1", "-fsanitize=address,undefined",
                    WAVE_FLAGS[1], "-o", folder / "main", folder / "main.cpp"], check=True)

    def run(data):
        (folder / "data").write_bytes(data)
        return subprocess.run([folder / "main", folder / "data"], check=True,
                              capture_output=True).stdout
    return run


def decompress(block):
    """A decoder from the format's description, with the rules for the end of a block."""
    out, at = bytearray(), 0

    def length(start):
        nonlocal at
        if start == 15:
            while True:
                start += block[at]
                at += 1
                if block[at - 1] != 255:
                    break
        return start

    while True:
        token = block[at]
        at += 1
        literals = length(token >> 4)
        out += block[at:at + literals]
        at += literals
        if at == len(block):
            assert literals >= 5 or len(out) == literals, "the last five bytes must be literals"
            return bytes(out)
        offset = int.from_bytes(block[at:at + 2], "little")
        at += 2
        assert 0 < offset <= len(out)
        for _ in range(length(token & 15) + 4):
            out.append(out[-offset])


CASES = [b"", b"a", b"abcdabcdabcd", b"x" * 1000, bytes(range(256)) * 40,
         bytes(i * i * 7 >> 3 & 255 for i in range(5000)), b"ab" * 7 + b"cdefghijk",
         b"".join(b"%d toggles " % (i % 17) for i in range(20000))]


@pytest.mark.parametrize("data", CASES, ids=range(len(CASES)))
def test_decodes_to_what_went_in(compress, data):
    assert decompress(compress(data)) == data


def test_repetition_is_compressed(compress):
    assert len(compress(CASES[-1])) < len(CASES[-1]) / 50
