"""Float spiking transformers."""

from golden.models.config import Attention, ModelConfig
from golden.models.synapse import Synapse, settle
from golden.models.transformer import Recorder, SpikingTransformer

__all__ = ["Attention", "ModelConfig", "Recorder", "SpikingTransformer", "Synapse", "settle"]
