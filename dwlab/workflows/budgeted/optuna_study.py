"""A study of Optuna: it says which settings to try, and its file is there for Optuna's dashboard.

What was tried is in the store. The file is made anew from it whenever a search begins, so it may be
deleted, and a damaged one harms nothing.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from ...spec.search_request import QUALITY, ROWS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from optuna.samplers import BaseSampler
    from optuna.study import StudyDirection
    from optuna.trial import Trial

    from .optuna_space import Space
    from .prepared import Prepared

FILE = "optuna.journal"


class Study:
    """The trials of a search, in a file in the experiment's folder.

    tried: how many settings were tried before, so that random choices go on. Its values are one per
    objective of the search.
    """

    def __init__(self, plan: Prepared, folder: Path, space: Space, tried: int) -> None:
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._space = space
        path = folder / FILE
        folder.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self._study = optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(path))),
            study_name=plan.spec.name,
            directions=[_direction(plan, name) for name in plan.request.objectives],
            sampler=_sampler(plan.request.sampler, plan.request.seed + tried),
        )
        names = [plan.metric.name if name == QUALITY else name for name in plan.request.objectives]
        with warnings.catch_warnings():
            # names in the dashboard are experimental, says Optuna
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            self._study.set_metric_names(names)

    def add(self, parameters: dict[str, Any], values: Sequence[float]) -> None:
        """Tell of a setting that was tried before."""
        import optuna

        self._study.add_trial(
            optuna.trial.create_trial(
                params=parameters, distributions=self._space.distributions, values=list(values)
            )
        )

    def ask(self, count: int) -> list[tuple[Trial, dict[str, object]]]:
        """So many settings to try next, each with its trial."""
        trials = [self._study.ask() for _ in range(count)]
        return [(trial, self._space.setting(trial)) for trial in trials]

    def tell(self, trial: Trial, values: Sequence[float] | None) -> None:
        """Tell how a setting did; None if it could not be tried or has no value."""
        from optuna.trial import TrialState

        if values is None:
            self._study.tell(trial, state=TrialState.FAIL)
        else:
            self._study.tell(trial, list(values))


def _direction(plan: Prepared, objective: str) -> StudyDirection:
    from optuna.study import StudyDirection

    is_lower_better = objective == QUALITY and not plan.metric.facts.is_higher_better
    if objective == ROWS or is_lower_better:
        return StudyDirection.MINIMIZE
    return StudyDirection.MAXIMIZE


def _sampler(name: str | None, seed: int) -> BaseSampler:
    from optuna import samplers

    if name == "random":
        return samplers.RandomSampler(seed=seed)
    if name == "gp":
        return samplers.GPSampler(seed=seed)
    if name == "nsga2":
        return samplers.NSGAIISampler(seed=seed)
    return samplers.TPESampler(seed=seed)
