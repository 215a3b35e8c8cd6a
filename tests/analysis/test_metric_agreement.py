"""Two metrics agree as often as a count by hand says."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from dwlab.analysis.metric_agreement import agreement
from dwlab.errors import InvalidInput


def table(seed=0, prompts=4, seeds=3, steps=(2, 5, 10, 25)):
    rng = np.random.default_rng(seed)
    rows = []
    for prompt, number, step in itertools.product(range(prompts), range(seeds), steps):
        adherence = float(rng.integers(0, 4)) / 4
        score = adherence + rng.normal(0, 0.3)
        rows.append((f"prompt {prompt}", number, step, adherence, score))
    made = pd.DataFrame(rows, columns=["prompt", "seed", "steps", "adherence", "clip_score"])
    made.attrs["axes"] = {
        "prompt": list(made["prompt"].unique()),
        "seed": list(range(seeds)),
        "steps": list(steps),
    }
    return made


def test_the_share_and_the_rank_correlation_are_those_counted_by_hand():
    made = table()
    shares = []
    correlations = []
    pairs = 0
    for _, group in made.groupby(["prompt", "seed"]):
        agreed = []
        for (_, one), (_, other) in itertools.combinations(group.iterrows(), 2):
            if one["adherence"] != other["adherence"]:
                higher = one["adherence"] > other["adherence"]
                agreed.append(higher == (one["clip_score"] > other["clip_score"]))
        pairs += len(agreed)
        if agreed:
            shares.append(np.mean(agreed))
            correlations.append(spearmanr(group["adherence"], group["clip_score"]).statistic)
    result = agreement(made, "clip_score", "adherence")
    assert result.choices.pairs == pairs
    assert result.choices.share == pytest.approx(np.mean(shares))
    assert result.correlation == pytest.approx(np.mean(correlations))
    assert result.choices.low <= result.choices.share <= result.choices.high
    assert result.low <= result.correlation <= result.high


def test_a_metric_agrees_with_itself_and_a_distance_with_its_opposite():
    made = table()
    made["phash_distance"] = -made["adherence"]
    for name in ("adherence", "phash_distance"):
        result = agreement(made, name, "adherence")
        assert result.choices.share == 1
        assert result.correlation == pytest.approx(1)


def test_a_metric_that_says_nothing_agrees_in_half_of_the_pairs():
    made = table(prompts=12, seeds=4)
    made["clip_score"] = np.random.default_rng(1).normal(size=len(made))
    result = agreement(made, "clip_score", "adherence")
    assert result.choices.low < 0.5 < result.choices.high
    made["clip_score"] = 1.0
    assert agreement(made, "clip_score", "adherence").choices.share == 0.5


def test_a_reference_without_differences_and_unknown_metrics_are_refused():
    made = table()
    made["adherence"] = 1.0
    with pytest.raises(InvalidInput, match="tells pictures"):
        agreement(made, "clip_score", "adherence")
    with pytest.raises(InvalidInput, match="beauty"):
        agreement(made, "beauty", "adherence")
