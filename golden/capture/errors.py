"""What cannot be captured, and where in the model it is."""

__all__ = ["CaptureError"]


class CaptureError(ValueError):
    """A model does something that no operator does; names the module and says why.

    Parameters
    ----------
    reason : str
    path : str
        The module's path in the model, empty for the model itself; whoever knows it fills it in.
    """

    def __init__(self, reason: str, path: str | None = None):
        super().__init__(reason, path)
        self.reason, self.path = reason, path

    def __str__(self) -> str:
        return f"{self.path or 'the model itself'}: {self.reason}"
