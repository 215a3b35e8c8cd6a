"""The report says which metrics were measured before a sweep had all its pictures."""

from __future__ import annotations

import numpy as np
import pytest
from simulated_sweeps import table_of

from dwlab.analysis.findings import findings_of

AGAIN = "; measure it again with dwlab metrics"
MAY_BE_OLD = ", and that of the others may be out of date, because it compares them"


def table_with(metric, *, seeds=3, missing=()):
    """A sweep of 2 settings, 2 prompts and some seeds. missing: seeds that came after measuring."""
    table = table_of(np.ones((2, 2, seeds)), {"steps": [2, 5]})
    return table.assign(**{metric: np.where(table["seed"].isin(missing), np.nan, 1.0)})


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ("clip_score.large", f"4 of 12 pictures have no clip_score.large{AGAIN}"),
        ("duplicates", f"4 of 12 pictures have no duplicates{MAY_BE_OLD}{AGAIN}"),
        ("diversity", f"4 of 12 pictures have no diversity{MAY_BE_OLD}{AGAIN}"),
    ],
)
def test_pictures_that_came_later_are_counted(metric, words):
    assert words in findings_of(table_with(metric, missing=[2]))


def test_what_every_picture_has_is_not_mentioned():
    assert not [text for text in findings_of(table_with("diversity")) if "diversity" in text]


@pytest.mark.parametrize("metric", ["diversity", "ssim"])
def test_a_single_seed_has_no_diversity_and_a_reference_no_distance(metric):
    table = table_with(metric, seeds=1, missing=[0])
    assert not [text for text in findings_of(table) if metric in text]


def test_failed_pictures_need_no_metric():
    table = table_with("clip_score", missing=[2])
    table["status"] = np.where(table["seed"] == 2, "failed", "ok")
    assert not [text for text in findings_of(table) if "clip_score" in text]
