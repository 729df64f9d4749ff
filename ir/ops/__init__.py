"""One frozen spec per operator; its docstring is the only statement of the operator's semantics."""

from ir.ops.add import Add
from ir.ops.conv import Conv
from ir.ops.lif import Lif, Reset
from ir.ops.mask_attention import MaskAttention
from ir.ops.repeat import Repeat
from ir.ops.self_attention import SelfAttention
from ir.ops.time_sum import TimeSum
from ir.ops.token_sum import TokenSum

__all__ = ["OPS", "Add", "Conv", "Lif", "MaskAttention", "Op", "Repeat", "Reset", "SelfAttention",
           "TimeSum", "TokenSum"]

Op = Add | Conv | Lif | MaskAttention | Repeat | SelfAttention | TimeSum | TokenSum

OPS: tuple[type[Op], ...] = (Add, Conv, Lif, MaskAttention, Repeat, SelfAttention, TimeSum,
                             TokenSum)
