"""What a flow will do, as a value: files to write, commands to run, files to keep."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from types import MappingProxyType

__all__ = ["Plan", "Step"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One run of one tool in the plan's folder.

    Parameters
    ----------
    name : str
        What progress displays show.
    tool : str
        A key of :data:`flows.run.TOOLS`.
    arguments : tuple of str
        Paths among them are relative: the sandboxed tools see nothing outside their folder.
    log : str or None
        The file into which the arguments make the tool write its messages; None if it only
        prints them.
    """

    name: str
    tool: str
    arguments: tuple[str, ...]
    log: str | None = None


@dataclass(frozen=True)
class Plan:
    """Files and steps; equal plans do equal things, and have the same digest.

    Parameters
    ----------
    files : mapping of str to bytes
        Relative path to content of everything the steps read.
    steps : tuple of Step
    outputs : tuple of str
        Relative paths that the steps must have made.

    Raises
    ------
    ValueError
        When a path leaves the folder.
    """

    files: Mapping[str, bytes] = field(repr=False)
    steps: tuple[Step, ...]
    outputs: tuple[str, ...]

    def __post_init__(self):
        for path in (*self.files, *self.outputs):
            pure = PurePosixPath(path)
            if pure.is_absolute() or ".." in pure.parts or not pure.parts:
                raise ValueError(f"Plan file {path!r} is outside the plan's folder")
        object.__setattr__(self, "files", MappingProxyType(dict(sorted(self.files.items()))))

    @property
    def tools(self) -> tuple[str, ...]:
        """Names of the tools that the steps run, each once, sorted."""
        return tuple(sorted({step.tool for step in self.steps}))

    def digest(self) -> str:
        """SHA-256 over files, steps and outputs, in hexadecimal."""
        steps = [[step.name, step.tool, step.arguments, step.log] for step in self.steps]
        sha = hashlib.sha256(json.dumps([steps, self.outputs]).encode())
        for path, content in self.files.items():
            sha.update(json.dumps([path, len(content)]).encode())
            sha.update(content)
        return sha.hexdigest()
