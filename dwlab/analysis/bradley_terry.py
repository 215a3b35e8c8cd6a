"""Settings ranked by votes on pairs of pictures, with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .counted_votes import LOSS, TIE, WIN
from .precision import Precision
from .setting_grid import SAMPLED

if TYPE_CHECKING:
    from .counted_votes import CountedVotes
    from .margins import Floats
    from .ordered_votes import Strengths
    from .rated_pictures import Codes


@dataclass(frozen=True)
class Preference:
    """How a setting stands in votes.

    strength: log odds against the average setting, with its 95% interval low to high. share: of
    pairs with an average setting that it would win, a tie counting half, with its interval. votes:
    on it, of which it won and tied so many. told: whether it is shown to be behind the first.
    """

    setting: str
    strength: float
    low: float
    high: float
    share: float
    share_low: float
    share_high: float
    votes: int
    wins: int
    ties: int
    told: bool


def preferences(votes: CountedVotes, strengths: Strengths, target: str) -> list[Preference]:
    """The settings with votes, from the best liked to the least.

    strengths: of all settings, from these votes. target: "prompts like these", for which prompts
    are a sample, or "these prompts". Seeds are a sample in both.
    """
    labels = votes.pictures.labels
    counts = np.bincount(
        np.concatenate([votes.left_setting, votes.right_setting]), minlength=len(labels)
    )
    wins, ties = _wins(votes, len(labels)), _ties(votes, len(labels))
    order = [int(at) for at in np.argsort(-strengths.strength, kind="stable") if counts[at]]
    standings = []
    for at in order:
        weights = np.eye(len(labels))[at]
        reach = contrast_reach(votes, strengths, weights, target)
        behind = np.eye(len(labels))[order[0]] - weights
        strength = float(strengths.strength[at])
        standing = Preference(
            setting=labels[at],
            strength=strength,
            low=strength - reach,
            high=strength + reach,
            share=won_share(strength, strengths.threshold),
            share_low=won_share(strength - reach, strengths.threshold),
            share_high=won_share(strength + reach, strengths.threshold),
            votes=int(counts[at]),
            wins=int(wins[at]),
            ties=int(ties[at]),
            told=bool(
                behind @ strengths.strength > contrast_reach(votes, strengths, behind, target)
            ),
        )
        standings.append(standing)
    return standings


def won_share(difference: float, threshold: float) -> float:
    """The share of pairs that are won at a difference of strengths, a tie counting half."""
    won_or_tied = 1 / (1 + np.exp(-(difference + threshold)))
    won = 1 / (1 + np.exp(-(difference - threshold)))
    return float((won + won_or_tied) / 2)


def contrast_reach(
    votes: CountedVotes, strengths: Strengths, weights: Floats, target: str
) -> float:
    """How far the 95% interval of a weighted sum of strengths reaches to each side.

    Its variance is that of independent votes, and what votes of one prompt or seed have in common
    on top: clusters in two ways (Cameron, Gelbach & Miller 2011). The degrees of freedom are
    Satterthwaite's.
    """
    independent = float(weights @ strengths.covariance @ weights)
    moved = strengths.influence @ weights
    clusters = [votes.seed, votes.prompt] if target == SAMPLED else [votes.seed]
    clusters = [codes for codes in clusters if len(np.unique(codes)) > 1]
    if not clusters:
        return _reach(independent, np.inf)
    one_way = [_of_clusters(moved, codes) for codes in clusters]
    clustered = max(one_way)
    if len(clusters) > 1:
        # estimated from few clusters, the sum may be less than one of its parts
        clustered = max(clustered, sum(one_way) - _of_clusters(moved, _crossed(votes)))
    common = max(0.0, clustered - independent)
    if common == 0:
        return _reach(independent, np.inf)
    fewest = min(len(np.unique(codes)) for codes in clusters)
    variance = independent + common
    return _reach(variance, max(1.0, variance**2 / common**2 * (fewest - 1)))


def _of_clusters(moved: Floats, codes: Codes) -> float:
    """The variance of a sum if the parts of a cluster belong together."""
    sums = np.bincount(codes, weights=moved)
    clusters = len(np.unique(codes))
    return float(np.sum(sums**2)) * clusters / max(1, clusters - 1)


def _crossed(votes: CountedVotes) -> Codes:
    """Each combination of prompt and seed as a cluster."""
    return votes.prompt * (int(votes.seed.max()) + 1) + votes.seed


def _reach(variance: float, degrees: float) -> float:
    precision = Precision(np.sqrt(np.array([variance])), np.array([degrees]))
    return float(precision.reach()[0])


def _wins(votes: CountedVotes, settings: int) -> Codes:
    winners = [votes.left_setting[votes.outcome == WIN], votes.right_setting[votes.outcome == LOSS]]
    return np.bincount(np.concatenate(winners), minlength=settings)


def _ties(votes: CountedVotes, settings: int) -> Codes:
    is_tie = votes.outcome == TIE
    tied = [votes.left_setting[is_tie], votes.right_setting[is_tie]]
    return np.bincount(np.concatenate(tied), minlength=settings)
