"""Memory contents cut into columns, as an ECP5's memory leaf reads them."""

from collections.abc import Mapping

__all__ = ["columns", "with_columns"]

FORMS = ((1024, 18), (2048, 9), (4096, 4), (8192, 2))
"""Greatest depth and width of a block RAM's forms; one as deep as fits a form is not cut."""

WHOLE = 512
"""Words up to which a memory stays whole."""


def with_columns(memories: Mapping[str, bytes]) -> dict[str, bytes]:
    """The memories' files, and beside those of deep ones the files of their columns."""
    files = dict(memories)
    for path, content in memories.items():
        files |= {f"{path}.{n:03}": column for n, column in enumerate(columns(content))}
    return files


def columns(content: bytes) -> list[bytes]:
    """Hexadecimal words, one a line, cut as ``flows/leaves/ecp5.v`` cuts them; lowest bits first.

    None for a memory that stays whole.
    """
    lines = content.split()
    if len(lines) <= WHOLE:
        return []
    bits = next((width for depth, width in FORMS if len(lines) <= depth), 1)
    words, digits = [int(line, 16) for line in lines], -(-bits // 4)
    return ["".join(f"{word >> low & (1 << bits) - 1:0{digits}x}\n" for word in words).encode()
            for low in range(0, 4 * len(lines[0]), bits)]
