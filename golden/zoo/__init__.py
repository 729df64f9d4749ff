"""Architectures: functions that build a net from arguments that JSON can hold."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from golden.net import Net
from golden.zoo.convnets import ms_resnet, sew_resnet, vgg
from golden.zoo.max_former import max_former
from golden.zoo.meta_spikeformer import meta_spikeformer
from golden.zoo.parallel import parallel_net, parallel_transformer
from golden.zoo.patch_transformer import patch_transformer
from golden.zoo.qkformer import qkformer
from golden.zoo.qsd import qsd
from golden.zoo.rev_snn import rev_snn
from golden.zoo.searched import searched
from golden.zoo.spike_dhs import spike_dhs
from golden.zoo.spike_driven import spike_driven
from golden.zoo.spike_driven_v3 import spike_driven_v3
from golden.zoo.spikformer import spikformer, spikformer_v2
from golden.zoo.spiking_transformer import spiking_transformer
from golden.zoo.spikingformer import spikingformer

__all__ = ["ARCHITECTURES"]

ARCHITECTURES: Mapping[str, Callable[..., Net]] = MappingProxyType({
    function.__name__: function for function in (
        spikformer, spikformer_v2, spikingformer, spike_driven, meta_spikeformer, spike_driven_v3,
        qkformer, max_former, qsd, parallel_net, parallel_transformer, vgg, ms_resnet, sew_resnet,
        spike_dhs, rev_snn, spiking_transformer, patch_transformer, searched)})
"""By name; checkpoints name one of them and its arguments."""
