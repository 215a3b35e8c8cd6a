"""How well one metric agrees with another: `python -m dwlab.analysis.metric_agreement NAME METRIC WITH`.

Pictures are compared that have the same prompt and seed, so that a prompt that is easy for both says
nothing. Each prompt and seed counts once, and the intervals are those of docs/statistics.md.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .._util.counted import counted
from ..errors import DwlabError, InvalidInput
from .crossed import crossed_means
from .metric_columns import numbers
from .quality import is_higher_better
from .rater_agreement import Agreement
from .setting_grid import SAMPLED, check_target, setting_grid
from .statistics_text import interval_text, number_text

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from .margins import Floats


@dataclass(frozen=True)
class MetricAgreement:
    """How well a metric agrees with a reference.

    choices: the share of pairs of pictures, of those that the reference tells apart, in which both
    prefer the same one; a tie of the metric counts half. correlation: Spearman's rank correlation,
    -1 to 1, with its 95% interval low to high. pictures: that have both.
    """

    choices: Agreement
    correlation: float
    low: float
    high: float
    pictures: int
    prompts: int
    seeds: int
    target: str

    @property
    def sentence(self) -> str:
        """Both in words."""
        interval = interval_text(self.low, self.high)
        return (
            f"{self.choices.first} prefers the same picture as {self.choices.second} in "
            f"{self.choices.text} that {self.choices.second} tells apart; rank correlation "
            f"{number_text(self.correlation)} {interval} ({counted(self.pictures, 'picture')}, "
            f"{counted(self.prompts, 'prompt')}, {counted(self.seeds, 'seed')}; 95% intervals for "
            f"{self.target})"
        )

    def __str__(self) -> str:
        return self.sentence


def agreement(
    table: pd.DataFrame, metric: str, reference: str, *, target: str = SAMPLED
) -> MetricAgreement:
    """How well a metric agrees with another one about pictures of the same prompt and seed.

    target: "prompts like these" or "these prompts". Raises InvalidInput for an unknown metric, and
    if the reference tells no two pictures of the same prompt and seed apart.
    """
    check_target(target)
    both = table[numbers(table, metric).notna() & numbers(table, reference).notna()]
    first = _better_higher(both, metric)
    second = _better_higher(both, reference)
    pairs = int(_by_prompt_and_seed(first, second, _pairs).sum())
    if not pairs:
        allowed = "a metric that tells pictures of the same prompt and seed apart"
        raise InvalidInput("reference", reference, allowed)
    shares = _by_prompt_and_seed(first, second, _share)
    correlations = _by_prompt_and_seed(first, second, _rank_correlation)
    prompts_vary = target == SAMPLED
    share = crossed_means(shares[None], prompts_vary=prompts_vary, jump=1.0)
    choices = Agreement(
        first=metric,
        second=reference,
        share=float(share.mean[0]),
        low=max(0.0, float(share.low()[0])),
        high=min(1.0, float(share.high()[0])),
        pairs=pairs,
    )
    correlation = crossed_means(correlations[None], prompts_vary=prompts_vary, jump=1.0)
    return MetricAgreement(
        choices=choices,
        correlation=float(correlation.mean[0]),
        low=max(-1.0, float(correlation.low()[0])),
        high=min(1.0, float(correlation.high()[0])),
        pictures=len(both),
        prompts=int(first.shape[1]),
        seeds=int(first.shape[2]),
        target=target,
    )


def _better_higher(table: pd.DataFrame, metric: str) -> Floats:
    """A metric by setting, prompt and seed, turned round if lower is better."""
    values = setting_grid(table, metric).values
    return values if is_higher_better(table, metric) else -values


def _by_prompt_and_seed(
    first: Floats, second: Floats, judge: Callable[[Floats, Floats], float]
) -> Floats:
    """What a function says of the pictures of each prompt and seed: (prompts, seeds)."""
    results = np.full(first.shape[1:], np.nan)
    for prompt, seed in np.ndindex(*results.shape):
        one = first[:, prompt, seed]
        other = second[:, prompt, seed]
        measured = ~np.isnan(one) & ~np.isnan(other)
        results[prompt, seed] = judge(one[measured], other[measured])
    return results


def _orders(first: Floats, second: Floats) -> tuple[Floats, Floats]:
    """Which picture of each pair both metrics prefer (1, -1, 0), where the second one decides."""
    upper = np.triu_indices(len(first), 1)
    one = np.sign(first[:, None] - first[None])[upper]
    other = np.sign(second[:, None] - second[None])[upper]
    return one[other != 0], other[other != 0]


def _share(first: Floats, second: Floats) -> float:
    one, other = _orders(first, second)
    return float(np.mean((one * other + 1) / 2)) if len(other) else np.nan


def _pairs(first: Floats, second: Floats) -> float:
    return float(len(_orders(first, second)[1]))


def _rank_correlation(first: Floats, second: Floats) -> float:
    from scipy.stats import spearmanr

    if len(first) < 3 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return np.nan
    return float(spearmanr(first, second).statistic)


def main(argv: list[str] | None = None) -> None:
    """Print how well two metrics of an experiment agree."""
    from .results import Results

    parser = argparse.ArgumentParser(
        prog="python -m dwlab.analysis.metric_agreement", description=__doc__
    )
    parser.add_argument("name", help="the experiment's name")
    parser.add_argument("metric", help="the metric, like clip_score")
    parser.add_argument("reference", help="the metric to agree with, like adherence")
    parser.add_argument("--results", help="the results folder")
    arguments = parser.parse_args(argv)
    try:
        table = Results(arguments.results).table(arguments.name)
        print(agreement(table, arguments.metric, arguments.reference))
    except DwlabError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
