"""What training adds to its loss, or does around it, to move accuracy against energy."""

from golden.levers.distillation import Distillation
from golden.levers.fewer_steps import fewer_steps
from golden.levers.spike_cost import SpikeCost
from golden.levers.temporal_contrast import TemporalContrast

__all__ = ["Distillation", "SpikeCost", "TemporalContrast", "fewer_steps"]
