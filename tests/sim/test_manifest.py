"""The manifest: order of values on a wire, packing of pixels, and what is refused."""

import json
import re

import numpy as np
import pytest

from sim.manifest import Tensor, read_manifest


def tensor(shape, block, lanes, bits=8, signed=False):
    return Tensor(name="x", fire="f", data="d", shape=shape, block=block, lanes=lanes, bits=bits,
                  signed=signed)


@pytest.mark.parametrize("shape, block, lanes", [((3, 8, 2, 5), 4, 2), ((1, 6, 1, 1), 6, 3),
                                                 ((2, 4, 3, 3), 4, 4), ((4, 2, 2, 2), 1, 1)])
def test_wire_order_is_position_block_step_group_lane(shape, block, lanes):
    steps, channels, height, width = shape
    images = np.random.default_rng(1).integers(0, 255, (3, *shape))
    wire = [[image[t, b + g + lane, p // width, p % width]
             for p in range(height * width) for b in range(0, channels, block)
             for t in range(steps) for g in range(0, block, lanes) for lane in range(lanes)]
            for image in images]
    form = tensor(shape, block, lanes)
    np.testing.assert_array_equal(form.encode(images), wire)
    np.testing.assert_array_equal(form.decode(np.array(wire)), images)
    assert form.beats == images[0].size // lanes


@pytest.mark.parametrize("bits, signed, dtype", [(1, False, "u1"), (8, True, "i1"), (9, True, "i2"),
                                                 (17, False, "u4"), (33, True, "i8")])
def test_values_are_kept_in_the_narrowest_integer(bits, signed, dtype):
    assert tensor((1, 1, 1, 1), 1, 1, bits, signed).dtype == np.dtype(f"<{dtype}")


@pytest.mark.parametrize("block, lanes", [(3, 1), (4, 3), (2, 4)])
def test_blocks_and_lanes_must_divide(block, lanes):
    with pytest.raises(ValueError, match="of 4 channels cannot cross in blocks of"):
        tensor((1, 4, 1, 1), block, lanes)


def test_pixels_are_packed_with_channels_as_neighbours(circuit):
    manifest = read_manifest(circuit())
    image = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    (words,) = manifest.beats(image[None])
    assert [f"{word:08x}" for word in words] == [
        "0a010900", "0c030b02", "0e050d04", "10070f06", "00001108"]


def test_images_of_another_kind_are_refused(circuit, images):
    manifest = read_manifest(circuit())
    with pytest.raises(TypeError, match="Images must be a uint8 array, not int64"):
        manifest.beats(images.astype(np.int64))
    with pytest.raises(ValueError, match=re.escape("Images must be [N, 2, 3, 3], not [50, 1, 3")):
        manifest.beats(images[:, :1])


def test_unknown_tensor_lists_the_known(circuit):
    with pytest.raises(ValueError, match="traces no tensor 'sum'; it traces image, spread, again"):
        read_manifest(circuit()).tensor("sum")


def test_folder_without_manifest(tmp_path):
    with pytest.raises(ValueError, match="has no manifest.json; write one with `spikeloom gen"):
        read_manifest(tmp_path)


def test_folder_that_lacks_a_file(circuit):
    folder = circuit()
    (folder / "memory" / "fault.hex").unlink()
    with pytest.raises(ValueError, match="lacks 'memory/fault.hex', which its manifest names"):
        read_manifest(folder)


@pytest.mark.parametrize("change, message", [
    (lambda content: content.pop("tensors"), "is damaged"),
    (lambda content: content["tensors"][0].pop("lanes"), "is damaged"),
    (lambda content: content.update(format=2), "has format 2, and this reads format 1")])
def test_damaged_manifest(circuit, change, message):
    path = circuit() / "manifest.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=message):
        read_manifest(path.parent)


def test_truncated_manifest(circuit):
    path = circuit() / "manifest.json"
    path.write_text(path.read_text()[:100])
    with pytest.raises(ValueError, match="is damaged"):
        read_manifest(path.parent)
