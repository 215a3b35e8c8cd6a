"""The axes of settings as Optuna takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...analysis.labels import label
from ...spec.axes import RandomSeeds
from ...spec.content import is_content

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from optuna.distributions import BaseDistribution
    from optuna.trial import Trial

    from ...spec.spans import Span
    from ...spec.sweep import SweepSpec

DIGITS = 4  # of values of continuous axes, so that they can be written down and made again


@dataclass(frozen=True)
class Dimension:
    """An axis, or several that move together.

    axes: their names. span: of a continuous one. choices: of listed ones, a value for each axis, by
    their text.
    """

    axes: tuple[str, ...]
    span: Span | None
    choices: Mapping[str, tuple[object, ...]]

    @property
    def name(self) -> str:
        """What Optuna calls it."""
        return " + ".join(self.axes)

    @property
    def distribution(self) -> BaseDistribution:
        """The values as Optuna describes them."""
        from optuna.distributions import (
            CategoricalDistribution,
            FloatDistribution,
            IntDistribution,
        )

        span = self.span
        if span is None:
            return CategoricalDistribution(list(self.choices))
        if span.whole:
            step = int(span.step or 1)
            return IntDistribution(int(span.low), int(span.high), log=span.log, step=step)
        return FloatDistribution(span.low, span.high, log=span.log, step=span.step)

    def values(self, parameter: Any) -> dict[str, object]:
        """The values of the axes for a parameter of Optuna."""
        if self.span is None:
            return dict(zip(self.axes, self.choices[parameter], strict=True))
        (name,) = self.axes
        return {name: parameter if self.span.whole else _rounded(parameter, self.span)}

    def parameter(self, setting: Mapping[str, object]) -> Any:
        """The parameter of Optuna for the values of a setting; None for values that it cannot have."""
        values = tuple(setting.get(name) for name in self.axes)
        if self.span is None:
            texts = [text for text, choice in self.choices.items() if choice == values]
            return texts[0] if texts else None
        (value,) = values
        is_inside = isinstance(value, int | float) and self.span.low <= value <= self.span.high
        return value if is_inside else None


@dataclass(frozen=True)
class Space:
    """All axes of settings of a sweep, in its order."""

    dimensions: tuple[Dimension, ...]

    @classmethod
    def of(cls, spec: SweepSpec) -> Space:
        """The axes of a sweep that say how pictures are made."""
        group_of = {name: tuple(group) for group in spec.zip for name in group}
        groups = [group_of.get(name, (name,)) for name in spec.values if not is_content(name)]
        return cls(tuple(_dimension(spec, group) for group in dict.fromkeys(groups)))

    def setting(self, trial: Trial) -> dict[str, object]:
        """The setting that a trial suggests."""
        setting: dict[str, object] = {}
        for dimension in self.dimensions:
            setting |= dimension.values(_suggested(trial, dimension))
        return setting

    def parameters(self, setting: Mapping[str, object]) -> dict[str, Any] | None:
        """A setting as Optuna's parameters; None for one that is not in this space."""
        parameters = {each.name: each.parameter(setting) for each in self.dimensions}
        return None if None in parameters.values() else parameters

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        """What each parameter may be."""
        return {each.name: each.distribution for each in self.dimensions}


def _dimension(spec: SweepSpec, group: Sequence[str]) -> Dimension:
    axes = tuple(group)
    span = spec.spans.get(axes[0])
    choices: dict[str, tuple[object, ...]] = {}
    if span is None:
        columns = [_listed(spec, name) for name in axes]
        for values in zip(*columns, strict=True):
            text = ", ".join(map(label, values))
            # two may read alike
            unique = text if text not in choices else f"{text} ({len(choices)})"
            choices[unique] = values
    return Dimension(axes, span, choices)


def _listed(spec: SweepSpec, name: str) -> tuple[object, ...]:
    column = spec.values[name]
    return () if isinstance(column, RandomSeeds) else column


def _suggested(trial: Trial, dimension: Dimension) -> Any:
    span = dimension.span
    if span is None:
        return trial.suggest_categorical(dimension.name, list(dimension.choices))
    if span.whole:
        return trial.suggest_int(
            dimension.name, int(span.low), int(span.high), step=int(span.step or 1), log=span.log
        )
    return trial.suggest_float(dimension.name, span.low, span.high, step=span.step, log=span.log)


def _rounded(value: float, span: Span) -> float:
    """A value with few digits, within the limits of its axis."""
    rounded = float(f"{value:.{DIGITS}g}")
    return min(max(rounded, span.low), span.high)
