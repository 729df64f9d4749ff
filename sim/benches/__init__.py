"""cocotb benches that drive a generated circuit's real ports with bus models of others."""
