"""The promised figures, measured; see `spikeloom bench`."""
