"""How often intervals cover the truth, and how often rankings claim what is not true.

Prints the tables of docs/statistics.md:

    make simulate                 1,000 sweeps for each design
    make simulate SWEEPS=100      fewer, in a hurry
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
from simulated_designs import DESIGNS, Design
from simulated_sets import DESIGNS as SET_DESIGNS
from simulated_sets import agreement
from tabulate import tabulate

from dwlab.analysis.crossed import crossed_means
from dwlab.analysis.rivals import LOW_LEVEL, adjusted_means
from dwlab.analysis.setting_grid import typical_jump

MARGIN = 0.03
RESAMPLES = 400
# true means of two settings; for the ceiling log odds
APART = {"ceiling": (5.5, 4.5), "confined": (7.0, 5.0)}
ALIKE = {"ceiling": (5.5, 5.5), "confined": (7.0, 7.0)}
# settings that are good enough, one that is not by the least bit, and bad ones
RANKED = (0.0, -0.005, -0.01, -MARGIN - 1e-9, -MARGIN - 1e-9, -0.05, -0.1, -0.3)
RANKED_ODDS = (6.5, 6.5, 6.0, 3.9, 3.9, 3.5, 2.5, 1.5)


@dataclass(frozen=True)
class Coverage:
    """Shares of sweeps, and median half widths of intervals."""

    crossed: float
    width: float
    bootstrap: float
    bootstrap_width: float
    false: float


@dataclass(frozen=True)
class Claims:
    """Shares of sweeps in which a claim was wrong or right.

    within: with a setting that is said to be within the margin and is not. beyond: the other way
    round. cheapest: that name a cheapest setting which is not within the margin. named: that name
    one which is.
    """

    within: float
    beyond: float
    cheapest: float
    named: float


def coverage(design: Design, sweeps: int, rng: np.random.Generator) -> Coverage:
    """How often the 95% interval of a difference covers the truth, and p is under 5% without one."""
    values, truth = design.draw(rng, sweeps, APART.get(design.kind, (0.03, 0.0)))
    differences = values[:, 0] - values[:, 1]
    true_difference = truth[:, 0] - truth[:, 1]
    low, high = _intervals(values)
    low_b, high_b = bootstrap(differences, rng)
    alike, _ = design.draw(rng, sweeps, ALIKE.get(design.kind, (0.0, 0.0)))
    low_0, high_0 = _intervals(alike)
    true_0 = 0.0 if design.seeds > 1 and design.prompts > 1 else np.nan
    false = np.nan if np.isnan(true_0) else np.mean((low_0 > 0) | (high_0 < 0))
    return Coverage(
        crossed=float(np.mean((low <= true_difference) & (true_difference <= high))),
        width=float(np.median(high - low) / 2),
        bootstrap=float(np.mean((low_b <= true_difference) & (true_difference <= high_b))),
        bootstrap_width=float(np.median(high_b - low_b) / 2),
        false=float(false),
    )


def _intervals(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The intervals of setting 0 minus setting 1 in each sweep, as `compare` makes them."""
    jumps = np.array([typical_jump(sweep) for sweep in values])
    means = crossed_means(values[:, 0] - values[:, 1], jump=jumps)
    return means.low(), means.high()


def bootstrap(differences: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The percentile interval of the crossed ("pigeonhole") bootstrap (Owen 2007)."""
    _, prompts, seeds = differences.shape
    of_prompts = rng.multinomial(prompts, np.full(prompts, 1 / prompts), RESAMPLES).astype(float)
    of_seeds = rng.multinomial(seeds, np.full(seeds, 1 / seeds), RESAMPLES).astype(float)
    weights = of_prompts[:, :, None] * of_seeds[:, None, :]
    weights = weights.reshape(RESAMPLES, -1)
    flat = differences.reshape(len(differences), -1)
    is_pair = (~np.isnan(flat)).astype(float)
    with np.errstate(invalid="ignore"):
        means = (np.nan_to_num(flat) @ weights.T) / (is_pair @ weights.T)
    low, high = np.nanpercentile(means, [2.5, 97.5], axis=1)
    return low, high


def claims(design: Design, sweeps: int, rng: np.random.Generator) -> Claims:
    """How often a ranking of eight settings claims what is not true."""
    means = RANKED_ODDS if design.kind in APART else RANKED
    values, truth = design.draw(rng, sweeps, means)
    behind = truth.max(axis=1, keepdims=True) - truth
    low, high = deficit_bounds(values)
    is_within = high <= MARGIN
    # later settings are the cheaper ones
    cheapest = len(means) - 1 - np.argmax(is_within[:, ::-1], axis=1)
    is_named = is_within.any(axis=1)
    is_false = behind[np.arange(sweeps), cheapest] > MARGIN
    return Claims(
        within=float(np.mean(np.any(is_within & (behind > MARGIN), axis=1))),
        beyond=float(np.mean(np.any((low > MARGIN) & (behind <= MARGIN), axis=1))),
        cheapest=float(np.mean(is_named & is_false)),
        named=float(np.mean(is_named & ~is_false)),
    )


def deficit_bounds(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far each setting is behind the best: what `deficits` gives, for many sweeps at a time.

    values: (sweeps, settings, prompts, seeds). The bounds are of shape (sweeps, settings).
    """
    sweeps, settings, *shape = values.shape
    best = [int(np.argmax(adjusted_means(sweep))) for sweep in values]
    jumps = np.repeat([typical_jump(sweep) for sweep in values], settings)
    lows, highs = [], []
    for setting in range(settings):
        differences = values - values[:, setting : setting + 1]
        ahead = crossed_means(differences.reshape(-1, *shape), jump=jumps)
        upper = ahead.high().reshape(sweeps, settings)
        lower = ahead.low(LOW_LEVEL).reshape(sweeps, settings)[np.arange(sweeps), best]
        upper[:, setting] = 0.0
        highs.append(np.maximum(upper.max(axis=1), 0.0))
        lows.append(np.where(np.equal(best, setting), 0.0, np.maximum(lower, 0.0)))
    return np.stack(lows, axis=1), np.stack(highs, axis=1)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sweeps", type=int, default=1000)
    sweeps = parser.parse_args().sweeps
    print(f"95% intervals of a difference, {sweeps:,} sweeps for each design\n")
    rows = []
    for design in DESIGNS:
        result = coverage(design, sweeps, np.random.default_rng(0))
        rows.append([*_named(design), *vars(result).values()])
    heads = ["design", "prompts", "seeds", "covers", "± (median)", "bootstrap covers", "±", "false"]
    formats = ("", "", "", ".3f", ".3f", ".3f", ".3f", ".3f")
    print(tabulate(rows, heads, tablefmt="github", floatfmt=formats), flush=True)
    print(f"\nClaims about eight settings, margin {MARGIN}, {sweeps:,} sweeps for each design\n")
    rows = []
    for design in DESIGNS:
        result = claims(design, sweeps, np.random.default_rng(0))
        rows.append([*_named(design), *vars(result).values()])
    heads = [
        "design",
        "prompts",
        "seeds",
        "false within",
        "false beyond",
        "false cheapest",
        "named",
    ]
    print(tabulate(rows, heads, tablefmt="github", floatfmt=formats), flush=True)
    print(f"\nSettings not shown worse than the best, {sweeps:,} sweeps for each design\n")
    rows = []
    for design in SET_DESIGNS:
        result = agreement(design, sweeps, RANKED, np.random.default_rng(0))
        rows.append([*_named(design), *vars(result).values()])
    heads = ["design", "prompts", "seeds", "ours holds the best", "MCS holds the best"]
    heads += ["settings in ours", "in MCS", "ours inside MCS", "same set"]
    formats = ("", "", "", ".3f", ".3f", ".2f", ".2f", ".3f", ".3f")
    print(tabulate(rows, heads, tablefmt="github", floatfmt=formats), flush=True)


def _named(design: Design) -> list[object]:
    return [design.name, design.prompts, design.seeds]


if __name__ == "__main__":
    main()
