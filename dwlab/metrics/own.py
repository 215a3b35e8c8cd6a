"""Metrics of the user's own, ready to measure: from a file, a notebook, or an installed package."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput, RenderError, first_line
from ..spec.own_code import own_metric
from ..spec.own_code.metric_facts import MetricFacts
from .metric import Metric, Options, Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from PIL import Image

    from ..spec.own_code.own_metric import OwnMetric
    from .measured_cell import MeasuredCell
    from .setup import Setup

# entry points under which installed packages offer metrics
GROUP = "dwlab.metrics"


@dataclass(frozen=True)
class PictureFunction:
    """A function of pictures and cells. arguments: what it is given besides."""

    function: Callable[..., Any]
    facts: MetricFacts
    arguments: Mapping[str, object]

    def values(
        self,
        pictures: Sequence[Image.Image],
        cells: Sequence[MeasuredCell],
        references: Sequence[Image.Image] | None,
    ) -> list[float | None]:
        """The value of each picture, None for none; raises ValueError for what are no values."""
        others = [] if references is None else [references]
        values = self.function(list(pictures), list(cells), *others, **self.arguments)
        numbers = _numbers(values, len(pictures))
        return [None if number is None else self.facts.within_bounds(number) for number in numbers]


def _numbers(values: Any, count: int) -> list[float | None]:
    """What a metric returned, as numbers."""
    if hasattr(values, "tolist"):
        # of numpy, torch and pandas
        values = values.tolist()
    if not isinstance(values, list | tuple) or len(values) != count:
        amount = f"{len(values)} values" if isinstance(values, list | tuple) else f"{values!r:.80}"
        raise ValueError(f"it returned {amount} for {count} pictures; return a list of as many")
    return [None if value is None else float(value) for value in values]


def metric_of(own: OwnMetric) -> Metric:
    """A metric of the user's own, whose code is not run before it measures."""
    facts = own.facts or MetricFacts()

    def make(setup: Setup) -> PictureFunction:
        arguments = {"device": setup.device} if own.takes_device else {}
        return PictureFunction(_loaded(own), facts, arguments)

    return Metric(own.name, facts, _options(own), make, own.code)


def metric_of_function(function: Callable[..., Any], facts: MetricFacts) -> Metric:
    """The metric that a function of dwlab's own is, whose values depend on its version only."""
    own = own_metric.of_live(function, "", "")

    def make(setup: Setup) -> PictureFunction:
        arguments = {"device": setup.device} if own.takes_device else {}
        return PictureFunction(function, facts, arguments)

    return Metric(own.name, facts, _options(own), make)


def _options(own: OwnMetric) -> Options:
    needs = frozenset({"against"}) if own.compares else frozenset()
    return Options(Scope.REFERENCE if own.compares else Scope.ALONE, needs=needs, reads_cells=True)


def _loaded(own: OwnMetric) -> Callable[..., Any]:
    try:
        return own.function()
    except RenderError:
        raise
    # code that is loaded may do anything, also end the process
    except (Exception, SystemExit) as error:
        reason = f"{type(error).__name__}: {first_line(error)}"
        raise RenderError(f"{own.reference} cannot be loaded: {reason}") from error


def installed_names() -> list[str]:
    """The names of the metrics that installed packages offer; nothing of them is imported."""
    return sorted({entry.name for entry in entry_points(group=GROUP)})


def installed(name: str) -> Metric | None:
    """The metric that an installed package offers under a name, which is imported; None without one.

    Raises InvalidInput for a package that does not load, and for what is no metric.
    """
    entries = list(entry_points(group=GROUP, name=name))
    if not entries:
        return None
    function = _function_of(entries[0])
    own = own_metric.of_function(own_metric.FIELD, function)
    return metric_of(own)


def _function_of(entry: EntryPoint) -> Any:
    try:
        return entry.load()
    # a package may do anything while it is imported
    except (Exception, SystemExit) as error:
        package = entry.dist.name if entry.dist else entry.module
        reason = f"{type(error).__name__}: {first_line(error)}"
        allowed = f"a metric that can be imported; that of {package} cannot ({reason})"
        raise InvalidInput(own_metric.FIELD, entry.name, allowed) from error
