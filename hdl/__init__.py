"""Generators of circuits: streaming components in Amaranth, their cost models, their folding."""
