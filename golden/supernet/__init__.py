"""One trained set of weights for a whole space of networks, which are slices of it."""

from golden.supernet.checkpoint import load_supernet, save_supernet
from golden.supernet.presets import SUPERNETS, SupernetPreset, find_supernet
from golden.supernet.ranges import Point, Ranges, extreme
from golden.supernet.supernet import Supernet
from golden.supernet.train import train_supernet

__all__ = ["SUPERNETS", "Point", "Ranges", "Supernet", "SupernetPreset", "extreme",
           "find_supernet", "load_supernet", "save_supernet", "train_supernet"]
