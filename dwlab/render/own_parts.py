"""The parts of a model as a method gets them: shared until it changes one, then a copy of its own.

A method may hang hooks on a part, exchange attention processors, move it or write to its weights,
while other cells wait in the middle of a picture. So it gets a copy of each part's tree of modules,
which has the shared weights as long as nobody reads them one by one; a weight that is read becomes a
copy. Each call compares the tree with what it was: unchanged, the shared part computes, together
with other cells; changed, the copy computes, alone.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from .._util.subclass import add_members
from ..errors import RenderError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

# what a call of a pipeline or a method may ask a part for
CALLS = ("__call__", "encode", "decode")
_CONTAINERS = (dict, list, set, OrderedDict)
_TENSORS = ("_parameters", "_buffers")


class OwnPart:
    """A part of a model for one method.

    real: the part of the loaded model. shared: what computes while nothing is changed: the same, or
    a stand-in that waits for company. calling: a context for each call.
    twin: the part to hand to the method.
    """

    def __init__(
        self,
        real: torch.nn.Module,
        shared: Any,
        calling: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._real = real
        self._shared = shared
        self._calling = calling
        self._nodes: list[_Node] = []
        self._touched: list[_OwnTensors] = []
        self.twin = self._copied(real, {})
        members: dict[str, Any] = {
            name: self._call(name) for name in CALLS if hasattr(type(real), name)
        }
        members |= {
            name: self._attribute(name) for name in ("dtype", "device") if hasattr(real, name)
        }
        add_members(self.twin, **members)

    @property
    def is_changed(self) -> bool:
        """Whether the method changed the part."""
        if any(tensors.are_changed for tensors in self._touched):
            return True
        return any(node.is_changed for node in self._nodes)

    def _copied(self, module: torch.nn.Module, copies: dict[int, Any]) -> Any:
        """A module with modules of its own, and the tensors of the real one."""
        if id(module) in copies:
            return copies[id(module)]
        twin = object.__new__(type(module))
        copies[id(module)] = twin
        values = {name: _own(value) for name, value in vars(module).items()}
        for name in _TENSORS:
            values[name] = _OwnTensors(vars(module)[name], self._touched)
        values["_modules"] = {
            name: None if inner is None else self._copied(inner, copies)
            for name, inner in vars(module)["_modules"].items()
        }
        vars(twin).update(values)
        self._nodes.append(_Node.of(twin))
        self._nodes += [_Node.of(value) for value in values.values() if _is_processor(value)]
        return twin

    def _call(self, name: str) -> Callable[..., Any]:
        """What the twin does when it is asked to compute."""
        stock = getattr(type(self._real), name)

        def call(twin: Any, *args: Any, **kwargs: Any) -> Any:
            with self._calling():
                if not self.is_changed:
                    return getattr(self._shared, name)(*args, **kwargs)
                self._check_computes_alone()
                return stock(twin, *args, **kwargs)

        return call

    def _attribute(self, name: str) -> property:
        """A property that libraries tell from the weights, without reading them while unchanged."""
        stock = getattr(type(self._real), name, None)

        def value(twin: Any) -> Any:
            if self._touched and isinstance(stock, property) and stock.fget:
                return stock.fget(twin)
            return getattr(self._real, name)

        return property(value)

    def _check_computes_alone(self) -> None:
        """Raise RenderError for a part whose modules cannot compute as a copy."""
        for module in self._real.modules():
            is_compiled = getattr(module, "_compiled_call_impl", None) is not None
            if is_compiled or "forward" in vars(module) or hasattr(module, "_hf_hook"):
                raise RenderError(
                    "the method changes a part of the model that is compiled or offloaded, of which "
                    "no copy can compute; leave the memory measures and the profile out"
                )


def _own(value: Any) -> Any:
    """A copy of a list, a map or an attention processor, which may be changed; others as they are."""
    if type(value) in _CONTAINERS or _is_processor(value):
        return copy.copy(value)
    return value


def _is_processor(value: Any) -> bool:
    is_module = isinstance(value, torch.nn.Module | type)
    return "Processor" in type(value).__name__ and hasattr(value, "__dict__") and not is_module


@dataclass(frozen=True, eq=False)
class _Node:
    """A module or a processor, and its attributes as they were."""

    values: dict[str, Any]
    before: dict[str, Any]

    @classmethod
    def of(cls, thing: Any) -> _Node:
        values = vars(thing)
        before = {
            name: copy.copy(value) if type(value) in _CONTAINERS else value
            for name, value in values.items()
        }
        return cls(values, before)

    @property
    def is_changed(self) -> bool:
        # compares by identity first, so that no tensor is read
        try:
            return self.values != self.before
        # two tensors, of which one took the other's place
        except RuntimeError:
            return True


class _OwnTensors(dict[str, Any]):
    """The parameters or buffers of a module: those that are read one by one become copies.

    touched: where such a map enters itself then.
    """

    def __init__(self, shared: dict[str, Any], touched: list[_OwnTensors]) -> None:
        super().__init__(shared)
        self._shared = shared
        self._touched = touched
        self._copies: dict[str, Any] = {}

    @property
    def are_changed(self) -> bool:
        """Whether some tensor is another one than the shared one."""
        if self.keys() != self._shared.keys():
            return True
        return any(not _equal(copied, self._shared[name]) for name, copied in self._copies.items())

    def __getitem__(self, name: str) -> Any:
        value = super().__getitem__(name)
        if value is None or name in self._copies:
            return value
        is_parameter = isinstance(value, torch.nn.Parameter)
        self[name] = copy.deepcopy(value) if is_parameter else value.clone()
        return self._copies[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._enter()
        self._copies[name] = value
        super().__setitem__(name, value)

    def __delitem__(self, name: str) -> None:
        self._enter()
        self._copies.pop(name, None)
        super().__delitem__(name)

    def _enter(self) -> None:
        if not any(tensors is self for tensors in self._touched):
            self._touched.append(self)

    def get(self, name: str, default: Any = None) -> Any:
        if name not in self:
            return default
        return self[name]

    def pop(self, name: str, *default: Any) -> Any:
        if name not in self:
            return super().pop(name, *default)
        value = self[name]
        del self[name]
        return value

    def values(self) -> Iterator[Any]:  # type: ignore[override]  # torch only iterates
        return (self[name] for name in tuple(self))

    def items(self) -> Iterator[tuple[str, Any]]:  # type: ignore[override]  # torch only iterates
        return ((name, self[name]) for name in tuple(self))


def _equal(first: Any, second: Any) -> bool:
    if first is None or second is None:
        return first is second
    is_alike = first.dtype == second.dtype and first.device == second.device
    return is_alike and first.shape == second.shape and torch.equal(first, second)
