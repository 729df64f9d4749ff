"""Records what a model computes while it runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakIdKeyDictionary

from golden.capture.errors import CaptureError
from golden.capture.nodes import Located, Node, Record

__all__ = ["Handler", "Recorder", "Value"]

Handler = Callable[..., Any]
"""Stands for a torch function: takes the recorder and the function's arguments, traced tensors as
their values, and returns the value of the result."""

SILENT = frozenset(("shape", "ndim", "dtype", "device", "layout", "requires_grad", "is_cuda",
                    "is_sparse", "is_quantized", "grad_fn", "is_leaf", "size", "dim", "numel",
                    "nelement", "ndimension", "stride", "is_contiguous", "is_floating_point",
                    "is_complex", "get_device", "element_size", "data_ptr", "__len__", "__repr__",
                    "__hash__", "__format__", "zeros_like", "ones_like", "empty_like", "full_like",
                    "rand_like", "randn_like", "new_zeros", "new_ones", "new_empty", "new_full",
                    "new_tensor"))
"""What tells nothing of a tensor's values."""

MOVES = frozenset(("reshape", "reshape_as", "view", "view_as", "flatten", "unflatten", "permute",
                   "transpose", "swapaxes", "swapdims", "movedim", "moveaxis", "squeeze",
                   "unsqueeze", "expand", "expand_as", "repeat", "repeat_interleave", "tile",
                   "broadcast_to", "chunk", "split", "tensor_split", "unbind", "select", "narrow",
                   "__getitem__", "stack", "cat", "concat", "concatenate", "hstack", "vstack",
                   "flip", "roll", "t", "T", "mT", "index_select", "unfold"))
"""What only moves values."""

KEEPS = frozenset(("contiguous", "clone", "detach", "to", "float", "type", "type_as", "cpu",
                   "alias", "requires_grad_", "data"))
"""What leaves values where they are."""

GATHERS = frozenset(("stack", "cat", "concat", "concatenate", "hstack", "vstack"))

REASONS = {
    "softmax": "softmax has no integer form here",
    "log_softmax": "softmax has no integer form here",
    "layer_norm": "a layer norm's scale depends on the data; only batch norm folds into weights",
    "group_norm": "a group norm's scale depends on the data; only batch norm folds into weights",
    "instance_norm": "an instance norm's scale depends on the data; only batch norm folds into "
                     "weights",
    "sigmoid": "a sigmoid's gate depends on the data and has no integer form here",
    "tanh": "tanh has no integer form here",
    "__setitem__": "values are written into a tensor; make a new one with stack or cat",
    **dict.fromkeys(("item", "tolist", "numpy", "__bool__", "__int__", "__float__", "any", "all",
                     "equal", "__contains__"),
                    "the values of a tensor decide what is computed"),
}


@dataclass(frozen=True)
class Value:
    """What a traced tensor holds: the numbers of its values, each times ``factor``."""

    numbers: Tensor
    factor: float = 1.0


class Recorder(TorchFunctionMode):
    """While it is active, traces tensors through torch functions and marked modules.

    Parameters
    ----------
    record : Record
    functions : mapping of name to Handler
        What stands for torch functions that compute.
    """

    def __init__(self, record: Record, functions: Mapping[str, Handler]):
        super().__init__()
        self.record = record
        self.functions = functions
        self.values = WeakIdKeyDictionary()
        self.paths: list[str] = [""]
        self.calls: dict[int, int] = {}
        self._inside = 0

    @property
    def path(self) -> str:
        """The module that is running."""
        return self.paths[-1]

    def locate(self, value: Value) -> Located:
        return self.record.locate(value.numbers)

    def node(self, op: str, inputs: tuple[Node, ...], shape: tuple[int, int, int],
             **params: Any) -> Node:
        return self.record.node(op, inputs, shape, self.path, **params)

    def watch(self, model: nn.Module, neurons: Callable[[nn.Module], Handler | None]) -> list:
        """Follow a model's modules by name; ``neurons`` says who stands for a module as a whole.

        Returns the hooks, for the caller to remove.
        """
        hooks = []
        for name, module in model.named_modules():
            handler = neurons(module)
            hooks.append(module.register_forward_pre_hook(self._enter(name, handler)))
            hooks.append(module.register_forward_hook(self._leave(handler)))
        return hooks

    def _enter(self, name: str, handler: Handler | None) -> Callable:
        def hook(module: nn.Module, args: tuple) -> None:
            self.paths.append(name)
            self._inside += handler is not None
        return hook

    def _leave(self, handler: Handler | None) -> Callable:
        def hook(module: nn.Module, args: tuple, result: Any) -> None:
            if handler is not None:
                self._inside -= 1
                if not self._inside and any(x in self.values for x in _tensors(args)):
                    stand_in = handler
                    self._tell(lambda: self._note(result, stand_in(self, *self._traced(args))))
            self.paths.pop()
        return hook

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if self._inside or not any(x in self.values for x in _tensors((args, kwargs))):
            return result
        name = func.__self__.__name__ if func.__name__ == "__get__" else func.__name__
        if name not in SILENT:
            self._tell(lambda: self._compute(name, func, args, kwargs, result))
        return result

    def _compute(self, name: str, func: Callable, args: tuple, kwargs: dict, result: Any) -> None:
        plain = name if name.startswith("__") or name in KEEPS else name.removesuffix("_")
        if name in KEEPS:
            self._note(result, self.values[_tensors((args, kwargs))[0]])
        elif plain in MOVES:
            self._move(func, plain, args, kwargs, result)
        elif plain in self.functions:
            traced, named = self._traced(args), self._traced(kwargs)
            if result is (args[0] if args else None):
                self._spoil(result)
            self._note(result, self.functions[plain](self, *traced, **named))
        else:
            raise CaptureError(REASONS.get(plain, f"{plain} is no function that a circuit can "
                                                  "compute"))

    def _move(self, func: Callable, name: str, args: tuple, kwargs: dict, result: Any) -> None:
        values = [self._traced(x) for x in _tensors((args, kwargs))]
        if name in GATHERS and any(isinstance(value, Tensor) for value in values):
            raise CaptureError(f"{name} joins the network's values with constants")
        values = [value for value in values if not isinstance(value, Tensor)]
        if not all(isinstance(value, Value) for value in values):
            self._note(result, values[0].moved(name, args[1:], kwargs))
            return
        factors = {value.factor for value in values}
        if len(factors) > 1:
            raise CaptureError(f"{name} joins values that were multiplied by different numbers")
        swapped = _map((args, kwargs), lambda x: self.values[x].numbers
                       if x in self.values else x)
        moved = func(*swapped[0], **swapped[1])
        self._note(result, _map(moved, lambda x: Value(x, *factors)))

    def _traced(self, tree: Any) -> Any:
        def traced(x: Tensor) -> Any:
            if self.values.get(x) is SPOILED:
                raise CaptureError("a tensor is read that was changed in place through another")
            return self.values.get(x, x)
        return _map(tree, traced)

    def _note(self, result: Any, value: Any) -> None:
        """Trace the tensors of a result; both are nested alike."""
        if isinstance(result, Tensor):
            self.values[result] = value
        elif isinstance(result, tuple | list):
            for one, its in zip(result, value, strict=True):
                self._note(one, its)

    def _spoil(self, changed: Tensor) -> None:
        """What shares memory with a tensor that is changed in place is not what it was."""
        place = changed.untyped_storage().data_ptr()
        for other in list(self.values.keys()):
            if other is not changed and other.untyped_storage().data_ptr() == place:
                self.values[other] = SPOILED

    def _tell(self, action: Callable[[], None]) -> None:
        try:
            action()
        except CaptureError as error:
            if error.path is None:
                error.path = self.path
            raise


SPOILED = object()


def _tensors(tree: Any) -> list[Tensor]:
    if isinstance(tree, Tensor):
        return [tree]
    if isinstance(tree, Mapping):
        tree = tree.values()
    elif not isinstance(tree, tuple | list):
        return []
    return [x for part in tree for x in _tensors(part)]


def _map(tree: Any, function: Callable[[Tensor], Any]) -> Any:
    if isinstance(tree, Tensor):
        return function(tree)
    if isinstance(tree, Mapping):
        return {key: _map(part, function) for key, part in tree.items()}
    if isinstance(tree, tuple | list):
        return type(tree)(_map(part, function) for part in tree)
    return tree
