"""How many votes find a known order, and how often the intervals of strengths cover the truth.

Prints the tables of docs/rating.md:

    make simulate-votes             40 raters for each row
    make simulate-votes RATERS=5    fewer, in a hurry
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import kendalltau
from simulated_raters import Rater, random_pairs, rated_table, vote, vote_on

from dwlab.analysis.bradley_terry import preferences
from dwlab.analysis.counted_votes import LOSS, TIE, WIN, CountedVotes, counted_votes
from dwlab.analysis.ordered_votes import fit
from dwlab.analysis.rated_pictures import rated_pictures
from dwlab.analysis.setting_grid import FIXED, SAMPLED
from dwlab.rating.pair_choice import next_pair

if TYPE_CHECKING:
    from dwlab.analysis.ordered_votes import Strengths
    from dwlab.analysis.rated_pictures import RatedPictures
    from dwlab.store.vote import Vote

SEEDS = 4
FOUND = 0.9  # Kendall's tau of the order with the true one, on average over raters
EVERY = 5  # votes
ENDLESS = 40_000  # votes, whose standard error is a thirtieth of the intervals
OTHER_PROMPTS = 3_000


@dataclass(frozen=True)
class Design:
    """Settings whose strengths are normal with a standard deviation of `spread` log odds.

    differ: standard deviation of what a prompt adds to a setting.
    """

    settings: int
    spread: float
    prompts: int = 6
    differ: float = 0.3

    def rater(self, rng: np.random.Generator) -> tuple[Rater, np.ndarray]:
        """A rater, and the true strengths."""
        strengths = rng.normal(0, self.spread, self.settings)
        of_prompts = rng.normal(0, self.differ, (self.settings, self.prompts))
        return Rater(strengths[:, None] + of_prompts), strengths - strengths.mean()


@dataclass(frozen=True)
class Search:
    """A design, and the most votes that are tried."""

    design: Design
    votes: int


SEARCHES = (
    Search(Design(8, 1.5), 160),
    Search(Design(12, 4.0), 160),
)
COVERED = (
    Design(8, 1.5, 6, 0.0),
    Design(8, 1.5, 12, 0.0),
    Design(8, 1.5, 6, 1.0),
    Design(8, 1.5, 12, 1.0),
)
VOTES_COVERED = 300


def strengths_of(votes: CountedVotes) -> Strengths:
    """The strengths of all settings, from the first vote on each pair."""
    first = votes.first_of_each_pair()
    settings = len(votes.pictures.codes)
    return fit(settings, first.left_setting, first.right_setting, first.outcome)


def taus(search: Search, seed: int, *, chosen: bool) -> list[float]:
    """Kendall's tau of the order with the true one, every few votes of one rater.

    chosen: pairs as `dwlab rate` chooses them; otherwise at random.
    """
    rng = np.random.default_rng(seed)
    design = search.design
    pictures = rated_pictures(rated_table(design.settings, design.prompts, SEEDS))
    rater, truth = design.rater(rng)
    at_random = iter(random_pairs(pictures, search.votes, rng))
    votes: list[Vote] = []
    results = []
    for number in range(search.votes):
        left, right = _chosen(pictures, votes, rng) if chosen else next(at_random)
        first, second = int(pictures.settings[left]), int(pictures.settings[right])
        choice = rater.choice(first, second, int(pictures.prompts[left]), rng)
        votes.append(vote(pictures, left, right, choice, number=number))
        if (number + 1) % EVERY == 0:
            strength = strengths_of(counted_votes(pictures, votes)).strength
            results.append(float(kendalltau(strength, truth)[0]))
    return results


def _chosen(
    pictures: RatedPictures, votes: list[Vote], rng: np.random.Generator
) -> tuple[int, int]:
    pair = next_pair(pictures, counted_votes(pictures, votes), "ada", (), rng)
    assert pair is not None
    return pair.left, pair.right


def votes_needed(search: Search, raters: int, *, chosen: bool) -> int | None:
    """After how many votes the order is found, on average over raters; None if it is not."""
    mean = np.mean([taus(search, seed, chosen=chosen) for seed in range(raters)], axis=0)
    enough = mean >= FOUND
    return EVERY * (int(np.argmax(enough)) + 1) if enough.any() else None


def limit(tastes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The strengths that endless votes lead to. tastes: (settings, prompts)."""
    settings, prompts = tastes.shape
    left = rng.integers(settings, size=ENDLESS)
    right = (left + rng.integers(1, settings, size=ENDLESS)) % settings
    prompt = rng.integers(prompts, size=ENDLESS)
    seen = tastes[left, prompt] - tastes[right, prompt] + rng.logistic(size=ENDLESS)
    is_won, is_lost = seen > Rater.ties, seen < -Rater.ties
    outcome = np.where(is_won, WIN, np.where(is_lost, LOSS, TIE))
    return fit(settings, left, right, outcome).strength


def coverage(design: Design, target: str, raters: int) -> tuple[float, float]:
    """How often the 95% interval of a strength covers its limit, and its median half width."""
    covered, reach = [], []
    for seed in range(raters):
        rng = np.random.default_rng(seed)
        pictures = rated_pictures(rated_table(design.settings, design.prompts, SEEDS))
        rater, strengths = design.rater(rng)
        cast = vote_on(pictures, random_pairs(pictures, VOTES_COVERED, rng), rater, rng)
        votes = counted_votes(pictures, cast).first_of_each_pair()
        tastes = rater.strengths
        if target == SAMPLED:
            others = rng.normal(0, design.differ, (design.settings, OTHER_PROMPTS))
            tastes = strengths[:, None] + others
        true_of = dict(zip(pictures.labels, limit(tastes, rng), strict=True))
        for each in preferences(votes, strengths_of(votes), target):
            covered.append(each.low <= true_of[each.setting] <= each.high)
            reach.append((each.high - each.low) / 2)
    return float(np.mean(covered)), float(np.median(reach))


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--raters", type=int, default=40)
    raters = parser.parse_args().raters
    print_row("settings", "spread", "votes, random pairs", "votes, chosen pairs", "ratio")
    for search in SEARCHES:
        at_random = votes_needed(search, raters, chosen=False)
        chosen = votes_needed(search, raters, chosen=True)
        ratio = f"{at_random / chosen:.1f}" if at_random and chosen else ""
        if chosen and not at_random:
            ratio = f"over {search.votes / chosen:.1f}"
        most = f"over {search.votes}"
        design = search.design
        print_row(design.settings, design.spread, at_random or most, chosen or most, ratio)
    print_row("prompts", "prompts differ by", "target", "covered", "half width")
    for design in COVERED:
        for target in (SAMPLED, FIXED):
            share, reach = coverage(design, target, 5 * raters)
            print_row(design.prompts, design.differ, target, f"{share:.1%}", f"{reach:.2f}")


def print_row(*columns: object) -> None:
    """A row of a table, as soon as it is known."""
    print("|", " | ".join(str(column) for column in columns), "|", flush=True)


if __name__ == "__main__":
    main()
