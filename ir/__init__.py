"""The contract between golden model and circuit: integer tensors, operators, graphs."""

from ir.budget import Budget
from ir.graph import IMAGE, Encoding, Graph, Node, pixels
from ir.tensors import Interval, TensorType

__all__ = ["IMAGE", "Budget", "Encoding", "Graph", "Interval", "Node", "TensorType", "pixels"]
