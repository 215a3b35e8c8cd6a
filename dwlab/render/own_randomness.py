"""Global generators of a cell's own: what a method draws without a generator depends on its seed only.

So do settings of torch that hold for the whole process: those that a method changes are its own.
"""

from __future__ import annotations

import contextlib
import random
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from .torch_settings import TorchSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

NUMPY_SEEDS = 2**32
# the cell whose states are in place, at most one
_in_use: list[OwnRandomness] = []


def give_back() -> None:
    """Put the states of everybody else back, if those of a cell are in place."""
    while _in_use:
        _in_use.pop().give_back()


class OwnRandomness:
    """The states of the global generators of torch, numpy and Python, and torch's settings, of one cell.

    device: that the model is on.
    """

    def __init__(self, seed: int, device: str) -> None:
        self._device = device if device.startswith("cuda") else None
        self._own = self._seeded(seed)
        self._others: list[Any] = []

    @contextlib.contextmanager
    def in_use(self) -> Iterator[None]:
        """The cell's code runs."""
        self.begin()
        try:
            yield
        finally:
            self.end()

    def begin(self) -> None:
        """Put the cell's states in the place of those of everybody else."""
        give_back()
        self._others = self._states()
        self._set(self._own)
        _in_use.append(self)

    def end(self) -> None:
        """Put the states of everybody else back, unless that was done for a cell left alone."""
        if self in _in_use:
            self._own = self._states()
            give_back()

    def give_back(self) -> None:
        """Put the states of everybody else back."""
        self._set(self._others)

    def _seeded(self, seed: int) -> list[Any]:
        states: list[Any] = [
            torch.Generator().manual_seed(seed).get_state(),
            np.random.RandomState(seed % NUMPY_SEEDS).get_state(),
            random.Random(seed).getstate(),  # noqa: S311  # no secret
            TorchSettings.now(),
        ]
        if self._device:
            states.append(torch.Generator(self._device).manual_seed(seed).get_state())
        return states

    def _states(self) -> list[Any]:
        # numpy's own generators have no global state
        states: list[Any] = [
            torch.get_rng_state(),
            np.random.get_state(),  # noqa: NPY002
            random.getstate(),
            TorchSettings.now(),
        ]
        if self._device:
            states.append(torch.cuda.get_rng_state(self._device))
        return states

    def _set(self, states: list[Any]) -> None:
        torch.set_rng_state(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        random.setstate(states[2])
        states[3].use()
        if self._device:
            torch.cuda.set_rng_state(states[4], self._device)
