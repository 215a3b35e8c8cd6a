"""How much settings are liked, by the votes on an experiment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ...analysis.counted_votes import counted_votes
from ...analysis.ordered_votes import fit
from ...analysis.rated_pictures import rated_pictures
from ...analysis.rating import rating
from ...errors import InvalidInput
from ...runs.results import Results
from ...store.store import open_existing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from ...analysis.axes import Axis
    from ...store.vote import Vote


class Liking:
    """The strengths of settings by the votes on an experiment.

    sentence: what the votes say, empty without votes.
    """

    def __init__(self, root: Path, name: str) -> None:
        self.sentence = ""
        self._names: set[str] = set()
        self._strengths: dict[str, float] = {}
        table = Results(root).find(name)
        with open_existing(root) as store:
            votes = store.votes.of(name) if store else []
        if table is None or not votes:
            return
        try:
            self.sentence = rating(table, votes).sentence
        # of pictures that are gone, or all skipped
        except InvalidInput:
            return
        self._take(table, votes)

    def _take(self, table: pd.DataFrame, votes: Sequence[Vote]) -> None:
        pictures = rated_pictures(table)
        counted = counted_votes(pictures, votes).first_of_each_pair()
        strengths = fit(
            len(pictures.codes), counted.left_setting, counted.right_setting, counted.outcome
        ).strength
        voted = {*counted.left_setting.tolist(), *counted.right_setting.tolist()}
        self._names = {name for axis in pictures.axes for name in axis.names}
        for at in voted:
            values = _values(pictures.axes, pictures.codes[at])
            self._strengths[_text(values)] = float(strengths[at])

    def of(self, setting: Mapping[str, object]) -> float | None:
        """The strength of a setting; None if nobody voted on its pictures."""
        known = {name: value for name, value in setting.items() if name in self._names}
        return self._strengths.get(_text(known))


def _values(axes: Sequence[Axis], codes: Sequence[int]) -> dict[str, object]:
    values: dict[str, object] = {}
    for axis, code in zip(axes, codes, strict=True):
        value = axis.values[code]
        parts = value if isinstance(value, tuple) else (value,)
        values |= dict(zip(axis.names, parts, strict=True))
    return values


def _text(values: Mapping[str, object]) -> str:
    """The values as text, the same for 3 and 3.0, in one order."""
    plain = {name: float(v) if isinstance(v, int | float) else str(v) for name, v in values.items()}
    return json.dumps(dict(sorted(plain.items())))
