"""The searches that are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...searching.halving import Halving
from ...searching.ladder import Ladder
from ...searching.racing import Racing
from ...searching.random_search import RandomSearch
from ...searching.searching import Search
from . import optuna_methods
from .replay import outcome, replay_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...searching.strategy import Strategy
    from .replay import Outcome, Replay
    from .tables import ScoreTable

    Run = Callable[[Replay, int], Outcome]


@dataclass(frozen=True)
class Method:
    """A search by name. balanced: whether its instances are spread over prompts."""

    name: str
    run: Run
    balanced: bool = True
    needs_bound: bool = False

    def search(self, table: ScoreTable, seed: int, *, held_out: int = 0) -> Outcome:
        """One search in a random order. held_out: seeds that are kept for the claim."""
        replay = replay_of(table, seed, balanced=self.balanced, held_out=held_out)
        return self.run(replay, seed)


def by_strategy(strategy: Callable[[int], Strategy]) -> Run:
    """Runs a strategy, which is made from a seed."""

    def run(replay: Replay, seed: int) -> Outcome:
        search = Search(replay.problem, strategy(seed))
        while draws := search.next_round():
            search.tell(draws, replay.make(draws))
        chosen = search.strategy.choice(search.scores)
        # a verdict takes longer than all the rest
        is_shown = bool(replay.problem.held_out) and search.verdict().is_shown
        return outcome(replay, chosen, search.scores, is_shown=is_shown)

    return run


ADHERENCE = "adherence"

LADDER = Method("ladder", by_strategy(lambda _: Ladder()), needs_bound=True)
HALVING = Method("halving", by_strategy(lambda _: Halving()))
RACING = Method("racing", by_strategy(lambda _: Racing()))
# what claims are counted of
CLAIMING = (LADDER, HALVING, RACING)


def compared(metric: str) -> list[Method]:
    """The methods whose choices are compared; by adherence, also with more and less effort."""
    unbalanced = Method("halving, not balanced", HALVING.run, balanced=False)
    methods = [LADDER, HALVING, unbalanced, RACING]
    etas: tuple[float, ...] = ()
    counts: tuple[int, ...] = (16,)
    if metric == ADHERENCE:
        etas = (1.5, 2.0, 2.5)
        counts = (8, 16, 24)
    methods += [Method(f"halving, eta {eta:g}", _halving(eta)) for eta in etas]
    methods += [Method(f"random, {count} settings", _random(count)) for count in counts]
    methods += [
        Method(f"Optuna TPE, {count} settings", optuna_methods.tpe(count)) for count in counts
    ]
    methods.append(Method("Optuna successive halving", optuna_methods.successive_halving()))
    return methods


def _halving(eta: float) -> Run:
    return by_strategy(lambda _: Halving(eta=eta))


def _random(count: int) -> Run:
    return by_strategy(lambda seed: RandomSearch(settings=count, seed=seed))
