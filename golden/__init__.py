"""Everything PyTorch: float models, training, fake quantisation, and the integer kernels."""
