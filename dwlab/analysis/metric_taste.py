"""Whether a metric says what people like, where a sweep was voted on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..store.store import open_existing
from .counted_votes import counted_votes
from .rated_pictures import rated_pictures
from .rater_agreement import taste_text, with_metrics
from .setting_grid import SAMPLED

if TYPE_CHECKING:
    import pandas as pd

    from ..store.vote import Vote


def metric_taste(table: pd.DataFrame, metric: str, *, target: str = SAMPLED) -> str:
    """How often a metric agrees with the votes on a sweep, as a sentence; empty without votes.

    table: of one sweep with two settings or more, as `Results.table` gives it. target: what the
    interval is about.
    """
    votes = _votes(table)
    if not votes:
        return ""
    counted = counted_votes(rated_pictures(table), votes)
    agreements = with_metrics(counted.first_of_each_pair(), table, target, [metric])
    sentences = [taste_text(agreement, len(counted.raters)) for agreement in agreements]
    return "".join(f"By the votes on these pictures, {sentence}." for sentence in sentences)


def _votes(table: pd.DataFrame) -> list[Vote]:
    """The votes on the sweep of a table; none if it is not from the store, or of several sweeps."""
    if "results" not in table.attrs or "experiment" not in table:
        return []
    names = table["experiment"].dropna().unique()
    if len(names) != 1:
        return []
    with open_existing(Path(table.attrs["results"])) as store:
        return store.votes.of(str(names[0])) if store else []
