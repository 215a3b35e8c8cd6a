"""A search in which Optuna suggests the settings, batch by batch."""

from __future__ import annotations

import importlib.util
import json
from typing import TYPE_CHECKING

from ...errors import InvalidInput, MissingExtra
from ...paths import experiment_folder
from ...runs.search_answer import hash_of, load_answer, save_answer
from ...spec.content import is_content
from ...store.store import Store, open_existing
from .answer import open_answer
from .optuna_rounds import OptunaRounds
from .optuna_space import Space
from .tried import TriedSettings

if TYPE_CHECKING:
    import threading

    from ...runs.outcome import Outcome
    from .chosen import ChosenCells
    from .prepared import Prepared


def check_optuna() -> None:
    """Raise MissingExtra unless Optuna is installed."""
    if importlib.util.find_spec("optuna") is None:
        raise MissingExtra("search with Optuna", "search")


def search_with_optuna(
    plan: Prepared, chosen: ChosenCells, cancel: threading.Event | None
) -> Outcome:
    """Make what Optuna suggests, batch by batch, and keep what was found.

    Settings that the experiment has already come first, as if Optuna had suggested them.
    """
    space = Space.of(plan.spec)
    tried = TriedSettings(plan, _seeds(plan))
    _take_known(plan, space, tried)
    name = plan.spec.name
    before = load_answer(plan.root, name)
    is_ended = before is not None and before.of == hash_of(plan.spec)
    folder = experiment_folder(plan.root, name)
    rounds = OptunaRounds(plan, space, tried, chosen, folder, asks=not is_ended)
    while not (cancel and cancel.is_set()) and rounds.make_next():
        pass
    outcome = chosen.ended(name, plan.root, len(tried.cells), is_over=rounds.is_over)
    if outcome.begun and len(tried.settings) > 1:
        answer = open_answer(rounds.as_search(), tried, plan, is_over=rounds.is_over)
        save_answer(plan.root, name, rounds.with_votes(answer))
    return outcome


def _seeds(plan: Prepared) -> list[int] | None:
    """The seeds of a random axis, drawn now if they were not before; None without such an axis."""
    if not plan.spec.random_seeds:
        return None
    with Store(plan.root) as store:
        return store.experiments.enter(plan.spec.name, plan.spec.as_dict(), plan.spec.random_seeds)


def _take_known(plan: Prepared, space: Space, tried: TriedSettings) -> None:
    """Take the settings that the experiment has, as far as they are in the space."""
    with open_existing(plan.root) as store:
        axes = store.experiments.axes(plan.spec.name) if store else []
    for text in axes:
        values = json.loads(text)
        setting = {name: value for name, value in values.items() if not is_content(name)}
        if space.parameters(setting) is not None:
            try:
                tried.add(setting)
            # the sweep says something else by now
            except InvalidInput:
                continue
