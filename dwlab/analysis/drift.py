"""What ways to draw with less work change: pictures in pairs with those that are drawn plainly."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..errors import InvalidInput
from ..spec.drift_requests import LABEL, plain_values
from .axes import swept
from .axis_columns import value_in_table
from .crossed import crossed_means
from .metric_columns import metrics_of, numbers, seconds_column
from .picture_distances import PIXELS, pixel_distances
from .price import rows_per_picture
from .quality import facts_of, possible_difference, quality_of
from .setting_grid import (
    SAMPLED,
    check_target,
    setting_grid,
    setting_label,
    typical_jump,
)
from .statistics_text import interval_text, signed

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from .axes import Axis
    from .margins import Floats
    from .setting_grid import SettingGrid

# of pictures and prompts, of which the difference to the plain picture's is told
SCORES = ("adherence", "clip_score")
# positions of values on axes
Codes = tuple[int, ...]


@dataclass(frozen=True)
class Mean:
    """A mean over pairs with its 95% interval, crossed over prompts and seeds."""

    mean: float
    low: float
    high: float
    pairs: int

    def as_distance(self) -> str:
        """The mean and the interval to two digits that count: `0.00031 [0, 0.0012]`."""
        high = f"{self.high:.2g}" if math.isfinite(self.high) else "not known"
        low = f"{self.low:.2g}" if math.isfinite(self.low) else "not known"
        return f"{self.mean:.2g} [{low}, {high}]"

    def as_similarity(self) -> str:
        """The mean and the interval to three decimals: `0.994 [0.981, 1.000]`."""
        return f"{self.mean:.3f} {interval_text(self.low, self.high)}"

    def as_difference(self) -> str:
        """The mean with its sign and the interval: `+0.012 [-0.008, 0.032]`."""
        return f"{signed(self.mean)} {interval_text(self.low, self.high)}"


@dataclass(frozen=True)
class Drifted:
    """A setting beside the plain one of equal prompt, seed and so on.

    setting: like `accelerate deep_cache 3`; values: the same, by the name of each axis. rows: of the denoiser per picture, seconds: of it per
    picture; NaN if not known. distances: of the pictures themselves, by measure. differences: of
    scores, this setting's minus the plain one's, by metric.
    """

    setting: str
    values: Mapping[str, Hashable]
    rows: float
    seconds: float
    distances: Mapping[str, Mean]
    differences: Mapping[str, Mean]


@dataclass(frozen=True)
class Drift:
    """How far settings are from the plain one. plain: its setting; rows, seconds: what it costs."""

    plain: str
    rows: float
    seconds: float
    target: str
    settings: tuple[Drifted, ...]

    @property
    def distances(self) -> tuple[str, ...]:
        """The measures of distance that some setting has."""
        return tuple(dict.fromkeys(name for each in self.settings for name in each.distances))

    @property
    def differences(self) -> tuple[str, ...]:
        """The metrics of which some setting has a difference."""
        return tuple(dict.fromkeys(name for each in self.settings for name in each.differences))

    def __str__(self) -> str:
        return self.table().to_string(index=False)

    def table(self) -> pd.DataFrame:
        """One row per setting, with mean, low and high of each measure."""
        rows = []
        for each in self.settings:
            row: dict[str, object] = {
                "setting": each.setting,
                "rows": each.rows,
                "seconds": each.seconds,
            }
            for name, value in {**each.distances, **each.differences}.items():
                row |= {name: value.mean, f"{name} low": value.low, f"{name} high": value.high}
            rows.append(row)
        return pd.DataFrame(rows)


def has_drift(table: pd.DataFrame) -> bool:
    """Whether a table has plain pictures, and others that were accelerated."""
    return bool(_plain_of_table(table))


def drift(
    table: pd.DataFrame, *, plain: Mapping[str, object] | None = None, target: str = SAMPLED
) -> Drift:
    """How far accelerated pictures are from the plain ones, in pairs of prompt, seed and so on.

    table: as `dwlab table` or `Results.table` give it. plain: the values of axes that make a
    picture the plain one of its pair, like {"accelerate": "none"}; by default those without any
    accelerator or quantisation and with the model's own VAE, of those axes that have such a value. Distances are the root mean square difference of pixels (0 to 1), which is read
    from the pictures, and the columns that a sweep with such an axis measures against its
    plain pictures (`ssim.drift`, `perceptual_distance.drift`). target: "prompts like these" or
    "these prompts". Raises InvalidInput if the table has no such axes, or no pairs.
    """
    check_target(target)
    named = _plain_of_table(table) if plain is None else dict(plain)
    axes = swept(table)
    treated = _treated(axes, named)
    is_plain = _is_plain(treated, named, table.index)
    if not is_plain.any() or is_plain.all():
        raise InvalidInput("plain", named, "values that some of the pictures have, but not all")
    settings = [axis for axis in axes if not axis.of_content]
    untreated = [axis for axis in axes if axis not in treated]
    distances = {
        PIXELS: pixel_distances(table, is_plain, untreated),
        **{name: numbers(table, name) for name in _distance_columns(table)},
    }
    scores = {name: numbers(table, name) for name in _scores(table)}
    work = _Work(table, settings, treated, named, target)
    return work.drift(distances, scores)


@dataclass(frozen=True, eq=False)
class _Work:
    """What is needed to compare each setting with its plain one."""

    table: pd.DataFrame
    settings: Sequence[Axis]
    treated: Sequence[Axis]
    named: Mapping[str, object]
    target: str

    def drift(self, distances: Mapping[str, pd.Series], scores: Mapping[str, pd.Series]) -> Drift:
        by_setting: dict[Codes, tuple[dict[str, Mean], dict[str, Mean]]] = {}
        for name, column in distances.items():
            for codes, value in self._means(name, column, paired=False).items():
                by_setting.setdefault(codes, ({}, {}))[0][name] = value
        for name, column in scores.items():
            for codes, value in self._means(name, column, paired=True).items():
                by_setting.setdefault(codes, ({}, {}))[1][name] = value
        if not by_setting:
            raise InvalidInput("table", f"{len(self.table)} rows", "pictures with a plain one each")
        costs = self._costs()
        drifted = []
        for codes in sorted(by_setting):
            own_distances, own_differences = by_setting[codes]
            rows, seconds = costs[codes]
            label = setting_label(self.settings, [codes])
            drifted.append(
                Drifted(label, self._values(codes), rows, seconds, own_distances, own_differences)
            )
        plain = next(codes for codes in costs if self._is_plain(codes))
        rows, seconds = costs[plain]
        return Drift(
            setting_label(self.treated, [self._own(plain)]),
            rows,
            seconds,
            self.target,
            tuple(drifted),
        )

    def _means(self, name: str, column: pd.Series, *, paired: bool) -> dict[Codes, Mean]:
        """The mean of each setting that is not plain; paired: minus the plain one's."""
        if column.isna().all():
            # all pictures failed, or none was measured yet
            return {}
        grid = setting_grid(self.table.assign(**{name: column}), name, self.settings)
        positions = {codes: at for at, codes in enumerate(grid.codes)}
        chosen = []
        values = []
        for codes, at in positions.items():
            reference = positions.get(self._plain_beside(codes))
            if self._is_plain(codes) or (paired and reference is None):
                continue
            difference = grid.values[at]
            if paired and reference is not None:
                difference = difference - grid.values[reference]
            if not np.isnan(difference).all():
                chosen.append(codes)
                values.append(difference)
        if not chosen:
            return {}
        return dict(zip(chosen, self._intervals(name, grid, np.stack(values), paired), strict=True))

    def _intervals(self, name: str, grid: SettingGrid, values: Floats, paired: bool) -> list[Mean]:
        is_sampled = self.target == SAMPLED and grid.prompts > 1
        jump = typical_jump(grid.values)
        means = crossed_means(values, prompts_vary=is_sampled, jump=jump)
        low, high = means.low(), means.high()
        intervals = []
        for at, mean in enumerate(means.mean):
            lower, upper = float(low[at]), float(high[at])
            if paired:
                lower = possible_difference(self.table, name, lower)
                upper = possible_difference(self.table, name, upper)
            else:
                least, most = _bounds(self.table, name)
                lower = lower if math.isinf(lower) else max(lower, least)
                upper = upper if math.isinf(upper) else min(upper, most)
            intervals.append(Mean(float(mean), lower, upper, int(means.margins.pairs[at])))
        return intervals

    def _costs(self) -> dict[Codes, tuple[float, float]]:
        """Rows of the denoiser and its seconds per picture, by setting."""
        name = seconds_column(self.table)
        rows = rows_per_picture(self.table)
        # every picture has a row of the table, also one that was never measured
        counted = self.table.assign(**{_COUNT: 1.0})
        grid = setting_grid(counted, _COUNT, self.settings)
        rows_by_setting = grid.mean_by_setting(rows)
        seconds_by_setting = np.full(len(grid.codes), np.nan)
        if name:
            seconds_by_setting = grid.mean_by_setting(numbers(self.table, name))
        costs = zip(rows_by_setting, seconds_by_setting, strict=True)
        pairs = [(float(each), float(seconds)) for each, seconds in costs]
        return dict(zip(grid.codes, pairs, strict=True))

    def _values(self, codes: Codes) -> dict[str, Hashable]:
        values: dict[str, Hashable] = {}
        for axis, code in zip(self.settings, codes, strict=True):
            values |= _by_name(axis, axis.values[code])
        return values

    def _own(self, codes: Codes) -> Codes:
        """The positions on the axes that are treated."""
        return tuple(
            code for axis, code in zip(self.settings, codes, strict=True) if axis in self.treated
        )

    def _is_plain(self, codes: Codes) -> bool:
        return self._plain_beside(codes) == codes

    def _plain_beside(self, codes: Codes) -> Codes:
        """The setting that is the same in all but what is named, which is plain."""
        return tuple(
            _plain_code(axis, self.named) if axis in self.treated else code
            for axis, code in zip(self.settings, codes, strict=True)
        )


_COUNT = "pictures counted"


def _plain_of_table(table: pd.DataFrame) -> dict[str, object]:
    return plain_values(table.attrs.get("axes") or {})


def _bounds(table: pd.DataFrame, name: str) -> tuple[float, float]:
    """The least and the largest value of a distance."""
    if name == PIXELS:
        return (0.0, 1.0)
    return facts_of(table, name).bounds or (-math.inf, math.inf)


def _distance_columns(table: pd.DataFrame) -> list[str]:
    """The columns that were measured against the plain pictures."""
    return [name for name in metrics_of(table) if name.endswith(f".{LABEL}")]


def _scores(table: pd.DataFrame) -> list[str]:
    """The columns that say how good a picture is, or how it fits its prompt."""
    quality = quality_of(table)
    named = dict.fromkeys([*([quality] if quality else []), *SCORES])
    return [name for name in named if name in table and table[name].notna().any()]


def _treated(axes: Sequence[Axis], named: Mapping[str, object]) -> list[Axis]:
    """The axes that have one of the names."""
    treated = [axis for axis in axes if set(axis.names) & set(named)]
    if not treated:
        known = ", ".join(axis.name for axis in axes) or "(none varies)"
        raise InvalidInput("plain", dict(named), f"values of axes that vary: {known}")
    return treated


def _is_plain(treated: Sequence[Axis], named: Mapping[str, object], rows: pd.Index) -> pd.Series:
    is_plain = pd.Series(True, index=rows)
    for axis in treated:
        is_plain &= axis.codes == _plain_code(axis, named)
    return is_plain


def _plain_code(axis: Axis, named: Mapping[str, object]) -> int:
    """The position of the plain value on an axis; -1 if no picture has it."""
    wanted: dict[str, Hashable] = {
        name: value_in_table(name, named[name]) for name in axis.names if name in named
    }
    for code, value in enumerate(axis.values):
        own = _by_name(axis, value)
        if all(own[name] == plain for name, plain in wanted.items()):
            return code
    return -1


def _by_name(axis: Axis, value: Hashable) -> dict[str, Hashable]:
    """A value of an axis by name; one of a zip group has several."""
    parts = value if isinstance(value, tuple) else (value,)
    return dict(zip(axis.names, parts, strict=True))
