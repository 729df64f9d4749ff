"""One frozen spec per operator; its docstring is the only statement of the operator's semantics."""

from ir.ops.add import Add
from ir.ops.concat import Concat
from ir.ops.conv import Conv
from ir.ops.depthwise_conv import DepthwiseConv
from ir.ops.gate import Gate
from ir.ops.head_sum import HeadSum
from ir.ops.level_lif import LevelLif, Polarity
from ir.ops.lif import Lif, Reset
from ir.ops.mask_attention import MaskAttention
from ir.ops.max_pool import MaxPool
from ir.ops.parallel_neuron import ParallelNeuron
from ir.ops.repeat import Repeat
from ir.ops.self_attention import SelfAttention
from ir.ops.slice import Slice
from ir.ops.sum_pool import SumPool
from ir.ops.time_sum import TimeSum
from ir.ops.token_sum import TokenSum
from ir.ops.upsample import Upsample

__all__ = ["OPS", "Add", "Concat", "Conv", "DepthwiseConv", "Gate", "HeadSum", "LevelLif", "Lif",
           "MaskAttention", "MaxPool", "Op", "ParallelNeuron", "Polarity", "Repeat", "Reset",
           "SelfAttention", "Slice", "SumPool", "TimeSum", "TokenSum", "Upsample"]

Op = (Add | Concat | Conv | DepthwiseConv | Gate | HeadSum | LevelLif | Lif | MaskAttention
      | MaxPool | ParallelNeuron | Repeat | SelfAttention | Slice | SumPool | TimeSum | TokenSum
      | Upsample)

OPS: tuple[type[Op], ...] = (Add, Concat, Conv, DepthwiseConv, Gate, HeadSum, LevelLif, Lif,
                             MaskAttention, MaxPool, ParallelNeuron, Repeat, SelfAttention,
                             Slice, SumPool, TimeSum, TokenSum, Upsample)
