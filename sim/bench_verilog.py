"""A test bench in Verilog beside a circuit, for those who have a simulator and no Python."""

from pathlib import Path

import numpy as np

from sim.manifest import Manifest, read_manifest

__all__ = ["write_bench"]

BENCH = Path(__file__).with_name("spikeloom_tb.v")
README = """\
# Checking the circuit without Python

`spikeloom_tb.v` sends {images} images through the circuit twice, at full speed and with pauses
at both streams, and compares all {logits} logits with those of the integer network. It ends with
`PASS` and exit code 0, or with `FAIL` and another exit code.

Run it from the folder above this one, in which the circuit's memory files are found:

    # Icarus Verilog
    iverilog -g2005 -o tb.vvp -f tb/spikeloom_tb.f && vvp -n tb.vvp

    # Verilator 5
    verilator --binary --timing -Wno-fatal -Wno-WIDTH --top-module spikeloom_tb \\
        -f tb/spikeloom_tb.f && obj_dir/Vspikeloom_tb

    # Vivado
    xvlog {sources} && xvlog --sv tb/spikeloom_tb.v
    xelab spikeloom_tb -s tb && xsim tb -runall

    # Questa
    vlog {sources} && vlog -sv tb/spikeloom_tb.v
    vsim -c spikeloom_tb -do "run -all; quit -f"

The circuit is Verilog-2005 and must be compiled as that: as SystemVerilog, some simulators (Icarus
is one) give `always @*` blocks no event at time 0 and leave unknown values in registers.

| file | holds |
|---|---|
| `spikeloom_tb.v` | the test bench |
| `spikeloom_tb.f` | the files to compile |
| `sizes.vh` | numbers of images and words |
| `stimulus.hex` | words for `s_axis`, {input_beats} an image: {pixels} pixels of {bits} bits each |
| `expected.hex` | logits from `m_axis`, {output_beats} an image: 32-bit two's complement |
"""


def write_bench(folder: Path | str, images: np.ndarray, logits: np.ndarray, *,
                deadline: int = 1_000_000) -> None:
    """Write the ``tb`` folder of an rtl folder.

    Parameters
    ----------
    images : uint8 array ``[N, C, H, W]``
        At least one.
    logits : integer array ``[N, classes]``
        What golden makes of them.
    deadline : int
        Cycles in which nothing moves after which the bench gives up.

    Raises
    ------
    TypeError, ValueError
        For images that the circuit does not take, and logits that do not belong to them.
    """
    manifest = read_manifest(folder)
    words = manifest.beats(images)
    if not len(images):
        raise ValueError("A test bench needs at least one image")
    if logits.shape != (len(images), manifest.output_beats):
        raise ValueError(f"Logits must be [{len(images)}, {manifest.output_beats}], "
                         f"not {list(logits.shape)}")
    if logits.min() < -(1 << 31) or logits.max() >= 1 << 31:
        raise ValueError(f"Logits {logits.min()}..{logits.max()} do not fit the 32 bits of m_axis")
    place = manifest.folder / "tb"
    place.mkdir(exist_ok=True)
    (place / "spikeloom_tb.v").write_text(BENCH.read_text())
    (place / "stimulus.hex").write_text(_hex(words))
    (place / "expected.hex").write_text(_hex(logits.astype(np.int64)))
    (place / "sizes.vh").write_text(_sizes(manifest, len(images), deadline))
    (place / "spikeloom_tb.f").write_text(
        "".join(f"{name}\n" for name in (*manifest.sources, "tb/spikeloom_tb.v")))
    (place / "README.md").write_text(README.format(
        images=len(images), logits=2 * logits.size, sources=" ".join(manifest.sources),
        pixels=manifest.pixels_per_beat, bits=manifest.pixel_bits,
        input_beats=manifest.input_beats, output_beats=manifest.output_beats))


def _sizes(manifest: Manifest, images: int, deadline: int) -> str:
    sizes = {"IMAGES": images, "INPUT_BEATS": manifest.input_beats,
             "OUTPUT_BEATS": manifest.output_beats, "DEADLINE": deadline}
    return "".join(f"  localparam integer {name} = {value};\n" for name, value in sizes.items())


def _hex(words: np.ndarray) -> str:
    """One 32-bit word to a line."""
    return "".join(f"{int(word) & 0xFFFFFFFF:08x}\n" for word in words.ravel())
