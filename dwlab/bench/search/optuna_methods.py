"""What Optuna's samplers and pruners make of the same tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import MissingExtra
from ...searching.scores import Scores
from ...searching.strategy import cheapest_within
from .replay import outcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    import optuna

    from .replay import Outcome, Replay
    from .tables import Value

    Run = Callable[[Replay, int], Outcome]

# a sampler that suggests the same settings again and again stops
MOST_TRIALS = 8  # per setting that is asked for


def tpe(count: int) -> Run:
    """The tree-structured Parzen estimator, until so many settings were tried on all instances.

    Its objectives are the mean of the metric and the rows of a picture; the cheapest setting within
    the margin of the best mean is chosen.
    """

    def run(replay: Replay, seed: int) -> Outcome:
        library = imported()
        scores = Scores(replay.problem)
        sampler = library.samplers.TPESampler(seed=seed)
        study = library.create_study(directions=["maximize", "minimize"], sampler=sampler)
        tried: set[int] = set()
        wanted = min(count, len(replay.problem.prices))
        for _ in range(MOST_TRIALS * wanted):
            trial = study.ask()
            setting = _suggested(replay, trial)
            _make(replay, scores, setting, len(replay.problem.instances))
            mean = float(scores.means([setting], replay.problem.search_columns)[0])
            study.tell(trial, [mean, replay.problem.prices[setting]])
            tried.add(setting)
            if len(tried) == wanted:
                break
        chosen = cheapest_within(scores, sorted(tried), replay.problem.search_columns)
        return outcome(replay, chosen, scores, is_shown=False)

    return run


def successive_halving() -> Run:
    """All settings in a random order, each pruned by asynchronous successive halving.

    A setting is compared with those before it after 2, 4, 8 and 16 instances; from those that have
    all, the cheapest within the margin of the best is chosen.
    """

    def run(replay: Replay, seed: int) -> Outcome:
        library = imported()
        scores = Scores(replay.problem)
        sampler = library.samplers.GridSampler(_space(replay), seed=seed)
        pruner = library.pruners.SuccessiveHalvingPruner(min_resource=2, reduction_factor=2)
        study = library.create_study(direction="maximize", sampler=sampler, pruner=pruner)
        whole = []

        def mean_of(trial: optuna.Trial) -> float:
            setting = _suggested(replay, trial)
            mean = 0.0
            for used in range(1, len(replay.problem.instances) + 1):
                _make(replay, scores, setting, used)
                mean = float(scores.means([setting], range(used))[0])
                trial.report(mean, used)
                if trial.should_prune():
                    raise library.TrialPruned
            whole.append(setting)
            return mean

        study.optimize(mean_of, n_trials=len(replay.problem.prices))
        chosen = cheapest_within(scores, whole, replay.problem.search_columns)
        return outcome(replay, chosen, scores, is_shown=False)

    return run


def imported() -> ModuleType:
    """Optuna, without its messages about each trial; raises MissingExtra if it is not here."""
    try:
        import optuna
    except ImportError as error:
        raise MissingExtra("the comparison with Optuna", "search") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _make(replay: Replay, scores: Scores, setting: int, instances: int) -> None:
    """The first pictures of a setting; those that were made cost nothing again."""
    for draw in scores.missing([setting], range(instances)):
        scores.add(draw, replay.make([draw])[0])


def _space(replay: Replay) -> dict[str, list[Value]]:
    """The values of each axis."""
    settings = replay.table.settings
    space = {}
    for axis in settings[0]:
        space[axis] = list(dict.fromkeys(setting[axis] for setting in settings))
    return space


def _suggested(replay: Replay, trial: optuna.Trial) -> int:
    """The setting of the problem that a trial suggests."""
    values = {axis: trial.suggest_categorical(axis, of) for axis, of in _space(replay).items()}
    return replay.order.index(replay.table.settings.index(values))
