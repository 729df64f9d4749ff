"""A SpikingJelly model, as it is, all the way to Verilog that computes the same."""

from spikingjelly.activation_based.model.spike_driven_transformer import SpikeDrivenTransformer

import spikeloom
from tests.golden.foreign import dyadic, images


def test_a_foreign_model_s_circuit_equals_its_integers():
    model = dyadic(SpikeDrivenTransformer(T=2, num_classes=10, embed_dims=8, num_heads=2, depths=1,
                                          pooling_stat="0011", mlp_ratio=2))
    pixels = images(8, count=12)
    design = spikeloom.generate(spikeloom.quantize(model, pixels, scale=1 / 256))
    result = design.verify(pixels, trace_images=4)
    assert result.images == 12 and result.values_compared > 10_000 and result.mismatches == 0
