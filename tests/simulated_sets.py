"""The settings that are not shown to be worse than the best, beside Hansen's model confidence set.

The model confidence set (Hansen, Lunde & Nason 2011) holds the best setting in 95% of cases, if the
pairs are independent draws. It knows neither prompts nor seeds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from simulated_designs import Design

from dwlab.analysis.rivals import adjusted_means, deficits
from dwlab.analysis.setting_grid import typical_jump

if TYPE_CHECKING:
    from collections.abc import Sequence

RESAMPLES = 300
MARGIN = 0.03  # of no matter to the lower bounds
# seeds are alone, so that pairs are independent; then crossed, as sweeps are
DESIGNS = (
    *(Design("one seed", prompts, 1) for prompts in (12, 24, 50)),
    Design("one seed, skewed", 24, 1, kind="skewed"),
    *(Design("crossed", prompts, seeds) for prompts, seeds in ((3, 8), (6, 4), (12, 4), (24, 8))),
)


@dataclass(frozen=True)
class Agreement:
    """Shares of sweeps in which a set holds the best setting, and the mean size of the sets.

    inside: mean share of ours that is in the other one too. same: share of sweeps with equal sets.
    """

    ours_holds_best: float
    theirs_holds_best: float
    ours: float
    theirs: float
    inside: float
    same: float


def not_shown_worse(values: np.ndarray) -> set[int]:
    """The settings whose lower bound of being behind the best is 0: (settings, prompts, seeds)."""
    best = int(np.argmax(adjusted_means(values)))
    jump = typical_jump(values)
    results = deficits(values, best, MARGIN, prompts_vary=True, jump=jump)
    return {at for at, result in enumerate(results) if result.low == 0}


def confidence_set(values: np.ndarray) -> set[int]:
    """The 95% model confidence set of the same values, with pairs drawn independently."""
    from arch.bootstrap import MCS

    losses = -values.reshape(len(values), -1).T
    found = MCS(losses, size=0.05, reps=RESAMPLES, block_size=1, seed=0)
    found.compute()
    return {int(at) for at in found.included}


def agreement(
    design: Design, sweeps: int, means: Sequence[float], rng: np.random.Generator
) -> Agreement:
    """How the two sets agree on sweeps of a design."""
    values, truth = design.draw(rng, sweeps, means)
    best = [int(at) for at in np.argmax(truth, axis=1)]
    ours = [not_shown_worse(sweep) for sweep in values]
    theirs = [confidence_set(sweep) for sweep in values]
    pairs = list(zip(ours, theirs, strict=True))
    return Agreement(
        ours_holds_best=_share(at in each for at, each in zip(best, ours, strict=True)),
        theirs_holds_best=_share(at in each for at, each in zip(best, theirs, strict=True)),
        ours=float(np.mean([len(each) for each in ours])),
        theirs=float(np.mean([len(each) for each in theirs])),
        inside=float(np.mean([len(one & other) / len(one) for one, other in pairs])),
        same=_share(one == other for one, other in pairs),
    )


def _share(hits: object) -> float:
    return float(np.mean(list(hits)))
