"""Writes the folder ``constraints/`` anew: ``python -m flows.write_constraints``."""

from pathlib import Path

from flows.boards import BOARDS

__all__ = ["constraint_files"]


def constraint_files() -> dict[str, str]:
    """Every file of ``constraints/``: path in it to content."""
    return {f"{name}/{name}{board.suffix}": board.write(board.pins())
            for name, board in sorted(BOARDS.items())}


if __name__ == "__main__":
    for path, text in constraint_files().items():
        file = Path("constraints", path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
