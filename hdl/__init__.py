"""Generators of circuits: streaming components in Amaranth, their cost models, their folding."""

import warnings

from amaranth.hdl import UnusedElaboratable

__all__: list[str] = []

# Components are also made to be priced and compared, most of them never to be built.
warnings.filterwarnings("ignore", category=UnusedElaboratable)
