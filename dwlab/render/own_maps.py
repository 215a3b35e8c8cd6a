"""The weights and the inner modules of a module as a method gets them: copied once they are read."""

from __future__ import annotations

import copy
from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Callable


class _OwnMap(dict[str, Any]):
    """A map whose values are shared until they are read; those that are read become copies.

    It is a dict for torch, but all that reads or writes goes through `__getitem__`, `__setitem__`
    and `__delitem__`. touched: where such a map enters itself once it may differ.
    """

    get = MutableMapping.get  # type: ignore[assignment]  # the same for torch
    items = MutableMapping.items  # type: ignore[assignment]  # a view of the same form
    values = MutableMapping.values  # type: ignore[assignment]  # a view of the same form
    pop = MutableMapping.pop
    popitem = MutableMapping.popitem
    clear = MutableMapping.clear
    update = MutableMapping.update
    setdefault = MutableMapping.setdefault

    def __init__(self, shared: dict[str, Any], touched: list[Any]) -> None:
        super().__init__(shared)
        self._shared = shared
        self._touched = touched
        self._copies: dict[str, Any] = {}

    def _copied(self, value: Any) -> Any:
        raise NotImplementedError

    def __getitem__(self, name: str) -> Any:
        value = super().__getitem__(name)
        if value is None or name in self._copies:
            return value
        self._copies[name] = self._copied(value)
        super().__setitem__(name, self._copies[name])
        return self._copies[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._enter()
        self._copies[name] = value
        super().__setitem__(name, value)

    def __delitem__(self, name: str) -> None:
        self._enter()
        self._copies.pop(name, None)
        super().__delitem__(name)

    # without it, C code that makes a dict of this one takes the shared values
    def __iter__(self) -> Iterator[str]:
        return super().__iter__()

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[str, Any]:
        return {name: copy.deepcopy(value, memo) for name, value in self.items()}

    def copy(self) -> dict[str, Any]:
        return dict(self.items())

    def _enter(self) -> None:
        if not any(entered is self for entered in self._touched):
            self._touched.append(self)


class OwnTensors(_OwnMap):
    """The parameters or buffers of a module."""

    @property
    def is_changed(self) -> bool:
        """Whether some tensor is another one than the shared one, or has other values."""
        if self.keys() != self._shared.keys():
            return True
        return any(not _equal(copied, self._shared[name]) for name, copied in self._copies.items())

    @property
    def take_gradients(self) -> bool:
        """Whether some tensor was read, and gradients may be asked for it."""
        tensors = [value for value in self._copies.values() if value is not None]
        return any(tensor.requires_grad for tensor in tensors)

    def _copied(self, value: Any) -> Any:
        self._enter()
        # a tensor of inference mode could not be changed outside of it
        with torch.inference_mode(mode=False), torch.no_grad():
            is_parameter = isinstance(value, torch.nn.Parameter)
            return copy.deepcopy(value) if is_parameter else value.clone()


class OwnModules(_OwnMap):
    """The modules in a module. twin_of: the method's own module for a shared one."""

    def __init__(
        self,
        shared: dict[str, Any],
        touched: list[Any],
        twin_of: Callable[[torch.nn.Module], torch.nn.Module],
    ) -> None:
        super().__init__(shared, touched)
        self._twin_of = twin_of

    @property
    def is_changed(self) -> bool:
        """Whether a module was added, taken out or exchanged."""
        if list(self) != list(self._shared):
            return True
        return any(
            value is not self._expected(self._shared[name]) for name, value in self._copies.items()
        )

    def _expected(self, shared: Any) -> Any:
        return None if shared is None else self._twin_of(shared)

    def _copied(self, value: Any) -> Any:
        return self._twin_of(value)


def _equal(first: Any, second: Any) -> bool:
    if first is None or second is None:
        return first is second
    is_alike = first.dtype == second.dtype and first.device == second.device
    return is_alike and first.shape == second.shape and torch.equal(first, second)
