"""What a sweep with an axis of ways to draw faster measures besides: how far its pictures are from plain ones."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from . import accelerate
from .accelerate import NONE
from .metric_requests import MetricRequest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

LABEL = "drift"
BY_PIXELS = "ssim"
BY_NETWORK = "perceptual_distance"
# other axes of ways to draw faster, with their plain values: weights in 8 or 4 bits, small decoders
OTHERS: Mapping[str, object] = MappingProxyType({"quantisation": NONE, "vae": None})


def plain_values(axes: Mapping[str, Iterable[object]]) -> dict[str, object]:
    """`none` for each axis of accelerators, and the like for those of OTHERS that have their plain value.

    Empty if an axis of accelerators never leaves all of them out: then there are no plain pictures,
    and so it is without such axes.
    """
    plain: dict[str, object] = {}
    for name, values in axes.items():
        if accelerate.is_axis(name):
            if all(accelerate.of_axis(name, value) for value in values):
                return {}
            plain[name] = NONE
        elif name in OTHERS and OTHERS[name] in values:
            plain[name] = OTHERS[name]
    return plain


def drift_requests(
    axes: Mapping[str, Iterable[object]], measures: Collection[str], network: str
) -> list[MetricRequest]:
    """The metrics that compare each picture with its plain one; none without plain pictures.

    measures: of BY_PIXELS and BY_NETWORK, those that can be measured here. network: what the second
    looks through; empty for the one that dwlab ships.
    """
    against = tuple(plain_values(axes).items())
    if not against:
        return []
    return [request_of(name, against, network) for name in measures]


def request_of(
    name: str, against: Sequence[tuple[str, object]], network: str = ""
) -> MetricRequest:
    """The request of a measure of drift."""
    model = network if name == BY_NETWORK else ""
    return MetricRequest(name, model=model, against=tuple(against), label=LABEL)
