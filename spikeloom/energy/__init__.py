"""Operations and energy: counted on data, by the literature's conventions, and of an FPGA."""

from spikeloom.energy.conventions import CONVENTIONS, FP32, INT8, Convention, Counting
from spikeloom.energy.network import Energy, LayerEnergy, model_energy

__all__ = ["CONVENTIONS", "FP32", "INT8", "Convention", "Counting", "Energy", "LayerEnergy",
           "model_energy"]
