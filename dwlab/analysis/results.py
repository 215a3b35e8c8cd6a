"""A results folder that answers questions about its sweeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..runs import results
from ..store.store import open_existing
from .comparison import compare
from .drift import drift
from .ranking import best
from .reference_distance import TOLERANCE, convergence
from .sample_size import power
from .selection import selected, with_columns
from .setting_grid import SAMPLED
from .traces import experiments_with, trace_table
from .variance_shares import effects

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

    from ..runs.measuring import Report
    from ..runs.remeasure import Measured
    from .comparison import Comparison
    from .drift import Drift
    from .ranking import Ranking
    from .rating import Rating
    from .reference_distance import Convergence
    from .sample_size import Power
    from .selection import Conditions
    from .variance_shares import Effects


class Results(results.Results):
    """A results folder, for reading, with what its tables say.

    path: the folder, or None for the usual one. The questions take the name of an experiment and a
    metric; docs/statistics.md says how they are answered.
    """

    def select(
        self, name: str, *, where: Conditions = (), columns: Sequence[str] = ()
    ) -> pd.DataFrame:
        """The rows and columns of an experiment's table: see `dwlab.analysis.selection`."""
        return with_columns(selected(self.table(name), where), columns)

    def compare(
        self,
        name: str,
        metric: str,
        a: Mapping[str, object],
        b: Mapping[str, object],
        *,
        target: str = SAMPLED,
    ) -> Comparison:
        """How far a metric is apart at two values of a setting: see `dwlab.analysis.comparison`."""
        return compare(self.table(name), metric, a, b, target=target)

    def best(
        self, name: str, metric: str, *, margin: float | None = None, target: str = SAMPLED
    ) -> Ranking:
        """Settings ranked, and the cheapest that is good enough: see `dwlab.analysis.ranking`."""
        return best(self.table(name), metric, margin=margin, target=target)

    def effects(self, name: str, metric: str) -> Effects:
        """What moves a metric, and how much: see `dwlab.analysis.variance_shares`."""
        return effects(self.table(name), metric)

    def power(
        self,
        name: str,
        metric: str,
        a: Mapping[str, object],
        b: Mapping[str, object],
        *,
        apart: float | None = None,
        target: str = SAMPLED,
    ) -> Power:
        """How many more prompts or seeds would tell: see `dwlab.analysis.sample_size`."""
        return power(self.table(name), metric, a, b, apart=apart, target=target)

    def measure(
        self,
        name: str,
        *metrics: object,
        label: str = "",
        device: str = "auto",
        on_progress: Callable[[str, int, int], None] | None = None,
        trust_code: bool = False,
        **options: object,
    ) -> list[Report | Measured]:
        """Measure metrics of an experiment's pictures, which become columns of its table.

        metrics: names like "clip_score", functions with `dwlab.metric`, or FILE.py:NAME; none for
        those that every picture has and those that the experiment's file names. trust_code: run the
        code that this file names. options: model, against, by, tolerance (docs/metrics.md).
        on_progress: told of a column, how many pictures are measured, and of how many.
        """
        from ..runs.measuring_later import measure_experiment

        return measure_experiment(
            self.root,
            name,
            metrics or None,
            options=options,
            label=label,
            device=device,
            on_progress=on_progress,
            trust_code=trust_code,
        )

    def convergence(
        self,
        name: str,
        *,
        distance: str | None = None,
        tolerance: float = TOLERANCE,
        target: str = SAMPLED,
    ) -> Convergence:
        """How soon pictures stop changing with more steps: see `dwlab.analysis.reference_distance`."""
        table = self.table(name)
        return convergence(table, distance=distance, tolerance=tolerance, target=target)

    def drift(
        self, name: str, *, plain: Mapping[str, object] | None = None, target: str = SAMPLED
    ) -> Drift:
        """How far accelerated pictures are from plain ones: see `dwlab.analysis.drift`."""
        return drift(self.table(name), plain=plain, target=target)

    def traces(self, name: str, experiment: str | None = None) -> pd.DataFrame:
        """What was kept of steps under a name, one row per picture and step: see `dwlab.analysis.traces`.

        name: of a probe, or what a method recorded. experiment: of all experiments that have such
        traces if it is None. Raises InvalidInput if there are none.
        """
        cells = []
        for each in experiments_with(self.root, name, experiment):
            with open_existing(self.root) as store:
                traces = store.traces.of_name(each, name) if store else []
            cells.append((self.table(each), traces))
        return trace_table(cells, name)

    def rating(self, name: str, *, where: Conditions = (), target: str = SAMPLED) -> Rating:
        """Settings ranked by the votes on their pictures: see `dwlab.analysis.rating`."""
        # here, because statsmodels takes a moment to import
        from .rating import rating

        table = selected(self.table(name), where)
        with open_existing(self.root) as store:
            votes = store.votes.of(name) if store else []
        return rating(table, votes, target=target)
