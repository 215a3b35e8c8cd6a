"""The parts of a model as a method gets them: shared until it changes one, then a copy of its own.

A method may hang hooks on a part, exchange attention processors, move it or write to its weights,
while other cells wait in the middle of a picture. So it gets a part of its own, whose inner modules,
processors and weights become copies once the method reads them. Each call compares what was read
with what it was: unchanged, the shared part computes, together with other cells; changed, the copy
computes, alone. A call that gradients are to flow through is computed alone too.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from .._util.subclass import add_members
from ..errors import RenderError
from . import gradients
from .own_maps import OwnModules, OwnTensors

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

# what a call of a pipeline or a method may ask a part for
CALLS = ("__call__", "encode", "decode")
_CONTAINERS = (dict, list, set, OrderedDict)
# how the classes of objects end that people change in place
_CHANGED_IN_PLACE = ("Processor", "Config")


class OwnPart:
    """A part of a model for one method.

    real: the part of the loaded model. shared: what computes while nothing is changed: the same, or
    a stand-in that waits for company. calling: a context for each call, in which gradients flow if
    its argument is true. hear: is told what a call answers that `shared` does not compute.
    twin: the part to hand to the method. has_gradients: whether gradients flowed through a call.
    """

    def __init__(
        self,
        real: torch.nn.Module,
        shared: Any,
        calling: Callable[[bool], AbstractContextManager[None]],
        hear: Callable[[Any], None],
    ) -> None:
        self._real = real
        self._shared = shared
        self._calling = calling
        self._hear = hear
        self._nodes: list[_Node] = []
        self._modules: list[OwnModules] = []
        self._tensors: list[OwnTensors] = []
        # by the identity of the shared ones
        self._twins: dict[int, Any] = {}
        self.has_gradients = False
        self.twin = self._twin_of(real)
        members: dict[str, Any] = {
            name: self._call(name) for name in CALLS if hasattr(type(real), name)
        }
        members |= {
            name: self._attribute(name) for name in ("dtype", "device") if hasattr(type(real), name)
        }
        add_members(self.twin, **members)

    @property
    def is_changed(self) -> bool:
        """Whether the method changed the part."""
        # the weights last, because comparing them takes longest
        return (
            any(modules.is_changed for modules in self._modules)
            or any(node.is_changed for node in self._nodes)
            or any(tensors.is_changed for tensors in self._tensors)
        )

    def let_go(self) -> None:
        """Drop the copies; the circle of references would keep their memory for a while."""
        self._twins.clear()
        self._nodes.clear()
        self._modules.clear()
        self._tensors.clear()
        self.twin = None

    def _twin_of(self, module: torch.nn.Module) -> Any:
        """A module of the method's own, with what is in the shared one."""
        if id(module) in self._twins:
            return self._twins[id(module)]
        twin = object.__new__(type(module))
        self._twins[id(module)] = twin
        values = {name: self._own(value) for name, value in vars(module).items()}
        for name in ("_parameters", "_buffers"):
            values[name] = OwnTensors(vars(module)[name], self._tensors)
        values["_modules"] = OwnModules(vars(module)["_modules"], self._modules, self._twin_of)
        vars(twin).update(values)
        self._nodes.append(_Node.of(twin))
        return twin

    def _own(self, value: Any) -> Any:
        """A copy of a list, a map, a config or a processor, which may be changed; others as they are."""
        if type(value) in _CONTAINERS:
            return value.copy()
        if not _is_changed_in_place(value):
            return value
        if id(value) not in self._twins:
            twin = copy.copy(value)
            self._twins[id(value)] = twin
            self._nodes.append(_Node.of(twin))
        return self._twins[id(value)]

    def _call(self, name: str) -> Callable[..., Any]:
        """What the twin does when it is asked to compute."""
        stock = getattr(type(self._real), name)

        def call(twin: Any, *args: Any, **kwargs: Any) -> Any:
            if self._takes_gradients(args, kwargs):
                return self._with_gradients(name, twin, args, kwargs)
            with self._calling(False):
                if not self.is_changed:
                    answer = getattr(self._shared, name)(*args, **kwargs)
                else:
                    self._check_computes_alone("changes")
                    answer = stock(twin, *args, **kwargs)
                    self._hear(answer)
            return gradients.own_answer(answer)

        return call

    def _takes_gradients(self, args: Any, kwargs: Any) -> bool:
        if not gradients.are_recorded():
            return False
        of_weights = any(tensors.take_gradients for tensors in self._tensors)
        return of_weights or gradients.wanted((args, kwargs))

    def _with_gradients(self, name: str, twin: Any, args: Any, kwargs: Any) -> Any:
        """The answer of a call that gradients flow through, computed alone."""
        self._check_computes_alone("asks for gradients through")
        self.has_gradients = True
        with self._calling(True):
            if self._tensors or self.is_changed:
                answer = getattr(type(self._real), name)(twin, *args, **kwargs)
                self._hear(answer)
                return answer
            with gradients.none_of_weights(self._real):
                answer = getattr(self._real, name)(*args, **kwargs)
        # the real part may tell of its answers by itself
        if self._shared is not self._real:
            self._hear(answer)
        return answer

    def _attribute(self, name: str) -> property:
        """A property that libraries tell from the weights, without reading them while unchanged."""
        stock = getattr(type(self._real), name)

        def value(twin: Any) -> Any:
            if self._tensors and isinstance(stock, property) and stock.fget:
                return stock.fget(twin)
            return getattr(self._real, name)

        return property(value)

    def _check_computes_alone(self, does: str) -> None:
        """Raise RenderError for a part whose modules cannot compute as a copy. does: the method."""
        for module in self._real.modules():
            is_compiled = getattr(module, "_compiled_call_impl", None) is not None
            if is_compiled or "forward" in vars(module) or hasattr(module, "_hf_hook"):
                raise RenderError(
                    f"the method {does} a part of the model that is compiled or offloaded, of which "
                    "no copy can compute; leave the memory measures and the profile out"
                )


def _is_changed_in_place(value: Any) -> bool:
    is_module = isinstance(value, torch.nn.Module | type)
    is_named_so = type(value).__name__.endswith(_CHANGED_IN_PLACE)
    return is_named_so and hasattr(value, "__dict__") and not is_module


@dataclass(frozen=True, eq=False)
class _Node:
    """A module, a config or a processor, and its attributes as they were."""

    values: dict[str, Any]
    before: dict[str, Any]

    @classmethod
    def of(cls, thing: Any) -> _Node:
        values = vars(thing)
        before = {
            name: value.copy() if type(value) in _CONTAINERS else value
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
