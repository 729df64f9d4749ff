"""From trained float models to integers, exactly."""

from golden.quantize.convert import finetune, quantize
from golden.quantize.model import QuantizedModel
from golden.quantize.scheme import Scheme

__all__ = ["QuantizedModel", "Scheme", "finetune", "quantize"]
