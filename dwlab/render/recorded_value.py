"""The values that a method may record: numbers, and small arrays of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from ..errors import InvalidInput
from ..pictures.traces import VALUE_LIMIT

ALLOWED = f"a number, or an array or list of at most {VALUE_LIMIT:,} of them"
_KINDS = "biuf"  # of numpy: booleans, whole numbers, floats


def recorded(name: str, value: object) -> torch.Tensor | Any:
    """A value as numbers that nothing changes later: a tensor on its device, or plain lists.

    Raises InvalidInput for what holds no numbers, or too many.
    """
    if isinstance(value, torch.Tensor):
        _check_size(name, value.shape)
        if value.is_complex():
            raise _refused(name, f"a tensor of {value.dtype}")
        return value.detach().float().clone()
    try:
        array = np.asarray(value)
    except ValueError:
        raise _refused(name, f"a {type(value).__name__} of lists of different lengths") from None
    if array.dtype.kind not in _KINDS:
        raise _refused(name, f"a {type(value).__name__} of {array.dtype}")
    _check_size(name, array.shape)
    return array.tolist()


def numbers_in(value: torch.Tensor | Any) -> int:
    """How many numbers a recorded value has."""
    return value.numel() if isinstance(value, torch.Tensor) else np.size(value)


def _check_size(name: str, shape: tuple[int, ...]) -> None:
    if not 0 < math.prod(shape) <= VALUE_LIMIT:
        raise _refused(name, f"an array of {list(shape)}")


def _refused(name: str, value: str) -> InvalidInput:
    return InvalidInput(f"the record {name}", value, ALLOWED)
