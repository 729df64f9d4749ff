"""Search over networks, bits and circuits; the winners are trained on, verified and placed."""
