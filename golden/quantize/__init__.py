"""From trained float networks to integers, exactly."""

from golden.quantize.convert import ACTIVITY, finetune, quantize
from golden.quantize.describe import LayerReport, describe
from golden.quantize.net import QuantizedNet
from golden.quantize.scheme import Scheme
from golden.quantize.sensitivity import Sensitivity, mixed_precision, sensitivity

__all__ = ["ACTIVITY", "LayerReport", "QuantizedNet", "Scheme", "Sensitivity", "describe",
           "finetune", "mixed_precision", "quantize", "sensitivity"]
