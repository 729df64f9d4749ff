"""Real data sets as uint8 images, checked when they are read."""

from golden.data.dataset import Dataset
from golden.data.download import download
from golden.data.levels import in_levels
from golden.data.load import NAMES, load
from golden.data.user import load_user

__all__ = ["NAMES", "Dataset", "download", "in_levels", "load", "load_user"]
