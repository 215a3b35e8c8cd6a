"""Metrics that are computed together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL import Image

Value: TypeAlias = float | int | str | None
Values: TypeAlias = dict[str, Value]


@dataclass(frozen=True)
class MetricSet:
    """Metrics that are computed together.

    version: raised when values change, so that old ones are recognized. compute: takes a picture
    and its prompt. model: the only model that they are computed for by default; None for all.
    """

    names: tuple[str, ...]
    version: int
    compute: Callable[[Image.Image, str], Values]
    model: str | None = None
