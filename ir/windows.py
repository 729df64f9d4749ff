"""The arithmetic of windows that move over a map."""

from ir.tensors import TensorType

__all__ = ["check_window", "windows"]


def check_window(subject: str, kernel: int, stride: int, padding: int) -> None:
    """Raises ValueError for a window that no operator has; ``subject`` begins the message."""
    if kernel < 1:
        raise ValueError(f"{subject} kernel must be at least 1, not {kernel}")
    if stride < 1:
        raise ValueError(f"{subject} stride must be at least 1, not {stride}")
    if not 0 <= padding < kernel:
        raise ValueError(f"{subject} padding must be 0 to {kernel - 1}, not {padding}")


def windows(subject: str, a: TensorType, kernel: int, stride: int,
            padding: int) -> tuple[int, int]:
    """Rows and columns of windows on ``a``; raises ValueError where not even one fits."""
    height, width = ((size + 2 * padding - kernel) // stride + 1 for size in (a.height, a.width))
    if min(height, width) < 1:
        raise ValueError(f"{subject} kernel {kernel} is larger than its {a.height}x{a.width} "
                         f"input with padding {padding}")
    return height, width
