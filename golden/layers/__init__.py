"""Layers to train: one per operator of the integer graph, and called like it."""

from golden.layers.add import Add
from golden.layers.concat import Concat
from golden.layers.conv import Conv
from golden.layers.depthwise_conv import DepthwiseConv
from golden.layers.gate import Gate
from golden.layers.head_sum import HeadSum
from golden.layers.layer import Layer, Shape
from golden.layers.level_lif import LevelLif
from golden.layers.lif import Lif
from golden.layers.mask_attention import MaskAttention
from golden.layers.max_pool import MaxPool
from golden.layers.parallel_neuron import ParallelNeuron
from golden.layers.repeat import Repeat
from golden.layers.self_attention import SelfAttention
from golden.layers.slice import Slice
from golden.layers.sum_pool import SumPool
from golden.layers.time_sum import TimeSum
from golden.layers.token_sum import TokenSum
from golden.layers.upsample import Upsample
from golden.layers.weights import Weights, settle

__all__ = ["Add", "Concat", "Conv", "DepthwiseConv", "Gate", "HeadSum", "Layer", "LevelLif", "Lif",
           "MaskAttention", "MaxPool", "ParallelNeuron", "Repeat", "SelfAttention", "Shape",
           "Slice", "SumPool", "TimeSum", "TokenSum", "Upsample", "Weights", "settle"]
