"""Trained SpikingJelly models as they are: run once, and written down as a network of layers.

SpikingJelly itself is never imported: its modules are told by name.
"""

from golden.capture.capture import capture
from golden.capture.errors import CaptureError

__all__ = ["CaptureError", "capture"]
