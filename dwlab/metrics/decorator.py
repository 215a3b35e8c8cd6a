"""`dwlab.metric`: the door through which functions become metrics, dwlab's own and those of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, overload

from ..spec.own_code.metric_facts import BATCH, HIGHER, MARK, MetricFacts
from ..spec.own_code.own_metric import check_shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from .metric import Options

# where the decorator keeps what only metrics of dwlab's have
OPTIONS_MARK = "_dwlab_metric_options"


Function = TypeVar("Function", bound="Callable[..., Any]")


@overload
def metric(function: Function, /) -> Function: ...


@overload
def metric(
    *,
    version: int = ...,
    batch: int = ...,
    device: str = ...,
    better: str = ...,
    bounds: tuple[float, float] | None = ...,
    unit: str = ...,
    margin: float | None = ...,
    options: Options | None = ...,
) -> Callable[[Function], Function]: ...


def metric(
    function: Callable[..., Any] | None = None,
    /,
    *,
    version: int = 1,
    batch: int = BATCH,
    device: str = "auto",
    better: str = HIGHER,
    bounds: tuple[float, float] | None = None,
    unit: str = "",
    margin: float | None = None,
    options: Options | None = None,
) -> Any:
    """Make a function a metric: it measures the pictures of a sweep.

    function: takes `pictures`, a list of RGB pictures of Pillow, and `cells`, which know their
    recipes (`cell.prompt`, `cell.steps`), and returns a list of as many numbers, NaN or None for no
    value. With a third parameter, `references`, it measures against the pictures of other cells,
    which `against` names. With a keyword-only parameter `device` it is told where to compute.

    version: raise it when values change for a reason that the code does not show. batch: how many
    pictures it is called with at most. device: `auto` for that of the sweep. better: `higher` or
    `lower`. bounds: the least and the largest value. unit: of its values. margin: how far behind
    the best is good enough. options: for the metrics of dwlab only. See
    docs/own-metric.md. Raises InvalidInput for a function of another form.
    """
    facts = MetricFacts(version, batch, device, better, bounds, unit, margin)

    def mark(function: Callable[..., Any]) -> Callable[..., Any]:
        if options is None:
            check_shape(function)
        setattr(function, MARK, facts)
        setattr(function, OPTIONS_MARK, options)
        return function

    return mark if function is None else mark(function)
