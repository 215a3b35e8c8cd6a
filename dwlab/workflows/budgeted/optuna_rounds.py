"""The rounds of a search with Optuna: batches of settings, then the final claim."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from ...searching.budget import Spent, fitting
from ...searching.scores import Scores
from ...searching.searching import SEARCH_SHARE, Search
from ...searching.strategy import cheapest_within
from ...spec.search_request import ROWS, VOTES
from .grid_rounds import too_small
from .known import Known
from .optuna_study import Study
from .resolved import seconds_per_row
from .votes import Liking
from .work import work_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from optuna.trial import Trial

    from ...runs.budget_work import BudgetWork
    from ...runs.search_answer import SearchAnswer
    from ...searching.problem import Draw
    from ...spec.budget import Budget
    from .chosen import ChosenCells
    from .optuna_space import Space
    from .prepared import Prepared
    from .tried import TriedSettings

# batches that bring nothing new, after which a space is taken to be exhausted
FRUITLESS = 10


class OptunaRounds:
    """The rounds of a search with Optuna.

    asks: whether settings may still be asked for; otherwise only the final claim is left.
    is_over: whether the search wants no more pictures.
    """

    def __init__(
        self,
        plan: Prepared,
        space: Space,
        tried: TriedSettings,
        chosen: ChosenCells,
        folder: Path,
        *,
        asks: bool,
    ) -> None:
        self.is_over = False
        self._plan = plan
        self._tried = tried
        self._chosen = chosen
        self._asks = asks
        self._keys: dict[Draw, str] = {}
        self._known = Known(plan.root, plan.spec.name, plan.metric.name, self._keys)
        # draws with an outcome, and those of them that cost nothing
        self._values: dict[Draw, float | None] = {}
        self._free: set[Draw] = set()
        self._seconds = 0.0
        self._fruitless = 0
        # what a progress bar was told of; it learns of settings as they are asked for
        self._work: BudgetWork | None = None
        self._liking = Liking(plan.root, plan.spec.name)
        self._take(list(tried.cells))
        self._unfinished = [at for at in range(len(tried.settings)) if self._missing([at])]
        self._study = Study(plan, folder, space, len(tried.settings))
        for at, setting in enumerate(tried.settings):
            values = self._objectives(at)
            parameters = space.parameters(setting)
            if values is not None and parameters is not None:
                self._study.add(parameters, values)

    def make_next(self) -> bool:
        """Make the pictures of the next batch, or of the claim; whether there was one, to its end."""
        if self._unfinished:
            settings = self._affordable(self._unfinished)
            self._unfinished = []
            return self._make(self._missing(settings)) if settings else True
        if self._asks:
            if not self._waits_for_votes():
                return self._make_batch()
            return False
        return self._claim()

    def _make_batch(self) -> bool:
        before = len(self._tried.settings)
        asked: dict[int, list[Trial]] = {}
        for trial, setting in self._study.ask(self._plan.request.batch):
            at = self._tried.add(setting)
            if at is None:
                self._study.tell(trial, None)
            else:
                asked.setdefault(at, []).append(trial)
        self._look_up(self._tried.search_draws(asked))
        settings = self._affordable(list(asked))
        draws = self._missing(settings)
        # a budget pays for the first ones, so those that it does not pay for are the last
        self._tried.keep_first(max([before, *(at + 1 for at in settings)]))
        self._fruitless = 0 if draws else self._fruitless + 1
        is_whole = self._make(draws) if draws else True
        for at, trials in asked.items():
            values = self._objectives(at) if at in settings else None
            for trial in trials:
                self._study.tell(trial, values)
        if not settings or self._fruitless == FRUITLESS:
            self._asks = False
        return is_whole

    def _claim(self) -> bool:
        # votes are claims of their own
        if not self._plan.request.is_by_metric or len(self._tried.settings) < 2:
            self.is_over = True
            return False
        draws = self.as_search().next_round(self._rate())
        if not draws:
            self.is_over = True
            return False
        return self._make(draws)

    # -- pictures -------------------------------------------------------------------------------

    def _make(self, draws: Sequence[Draw]) -> bool:
        """Make the pictures that are not there; whether all were made."""
        self._look_up(draws)
        cells = [self._tried.cells[draw] for draw in draws]
        self._chosen.choose(cells)
        if not all(map(self._known.is_complete, draws)):
            if self._work is not None:
                self._work.add(self._work_now())
            self._chosen.run(cells, len(self._tried.cells), self._first_work)
            self._known.read()
        self._take(draws)
        return all(draw in self._values for draw in draws)

    def _look_up(self, draws: Sequence[Draw]) -> None:
        """See which pictures others have made; that is free."""
        new = [draw for draw in draws if draw not in self._keys]
        self._keys |= {draw: self._tried.resolved[draw].key for draw in new}
        self._known.read()
        self._free |= self._known.of_others() & set(new)

    def _take(self, draws: Sequence[Draw]) -> None:
        """Take the outcomes of draws."""
        self._look_up(draws)
        outcomes = self._known.outcomes(draws)
        new = [draw for draw in outcomes if draw not in self._values]
        self._values |= {draw: outcomes[draw].value for draw in new}
        self._seconds += self._known.seconds([draw for draw in new if draw not in self._free])
        self._chosen.choose(self._tried.cells[draw] for draw in new)

    def _missing(self, settings: Sequence[int]) -> list[Draw]:
        draws = self._tried.search_draws(settings)
        return [draw for draw in draws if draw not in self._values]

    # -- what it costs ---------------------------------------------------------------------------

    @property
    def _budget(self) -> Budget:
        budget = self._plan.spec.most
        if budget is None:
            raise ValueError("Optuna has a budget, see search_checks")
        return budget

    def _spent(self) -> Spent:
        paid = [draw for draw in self._values if draw not in self._free]
        prices = self._tried.prices
        rows = sum(prices[draw.setting] for draw in paid)
        return Spent(len(paid), rows, self._seconds)

    def _rate(self) -> float | None:
        """Seconds per row before anything was made."""
        return (
            None
            if self._seconds
            else seconds_per_row(list(self._tried.resolved.values()), self._plan.root)
        )

    def _affordable(self, settings: Sequence[int]) -> list[int]:
        """The first settings whose pictures the budget of the search pays.

        Raises InvalidInput if it pays for none, and nothing was tried before.
        """
        share = SEARCH_SHARE if self._plan.request.is_by_metric else 1.0
        prices = self._tried.prices
        draws = self._missing(settings)
        paid = fitting(
            self._budget.part(share),
            draws,
            prices,
            self._spent(),
            self._rate(),
            free=frozenset(self._free),
        )
        left_out = {draw.setting for draw in set(draws) - set(paid)}
        chosen = [at for at in settings if at not in left_out]
        if not chosen and not self._values and draws:
            first = self._missing(settings[:1])
            spent = Spent(len(first), len(first) * prices[settings[0]], 0.0)
            needed = spent.of(self._budget.unit) / share
            raise too_small(self._budget, needed)
        return chosen

    def _first_work(self) -> BudgetWork:
        self._work = self._work_now()
        return self._work

    def _work_now(self) -> BudgetWork:
        cells = self._tried.resolved.values()
        return work_of(cells, self._budget, self._spent(), self._rate(), is_open=True)

    # -- what is known ----------------------------------------------------------------------------

    def as_search(self) -> Search:
        """The settings that were tried as a search that has only its final claim left."""
        problem = self._tried.problem()
        scores = Scores(problem)
        for draw, value in self._values.items():
            scores.add(draw, value)
        return Search(
            problem,
            _Tried(),
            self._budget,
            scores=scores,
            seconds=self._seconds,
            free=frozenset(self._free),
        )

    def _objectives(self, at: int) -> list[float] | None:
        """How a setting did, one number per objective; None if one of them is not known."""
        numbers = [self._objective(name, at) for name in self._plan.request.objectives]
        known = [number for number in numbers if number is not None]
        return known if len(known) == len(numbers) else None

    def _objective(self, name: str, at: int) -> float | None:
        if name == ROWS:
            return self._tried.prices[at]
        if name == VOTES:
            return self._liking.of(self._tried.settings[at])
        draws = self._tried.search_draws([at])
        values = [self._values.get(draw) for draw in draws]
        measured = [value for value in values if value is not None]
        # a setting of which some pictures fail is no candidate
        return float(np.mean(measured)) if len(measured) == len(draws) else None

    # -- votes ------------------------------------------------------------------------------------

    def _waits_for_votes(self) -> bool:
        if self._plan.request.is_by_metric:
            return False
        return any(self._liking.of(setting) is None for setting in self._tried.settings)

    def with_votes(self, answer: SearchAnswer) -> SearchAnswer:
        """The answer as votes give it, if they are what is looked for."""
        if self._plan.request.is_by_metric:
            return answer
        waiting = sum(self._liking.of(setting) is None for setting in self._tried.settings)
        sentences = [self._liking.sentence or "There are no votes yet."]
        if waiting:
            settings = "1 setting waits" if waiting == 1 else f"{waiting} settings wait"
            sentences.append(
                f"{settings} for votes: rate the pictures with `dwlab rate {self._plan.spec.name}`, then "
                "run the same command again."
            )
        return dataclasses.replace(
            answer, sentence=" ".join(sentences), metric=VOTES, is_shown=False, setting={}, front=()
        )


class _Tried:
    """The strategy of a search that asks for no more settings."""

    def next_round(self, _scores: Scores) -> list[Draw]:
        return []

    def choice(self, scores: Scores) -> int | None:
        """The cheapest setting within the margin of the best that was tried."""
        problem = scores.problem
        return cheapest_within(scores, problem.settings, problem.search_columns)
