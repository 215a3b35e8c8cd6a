"""The lines of `votes.jsonl`: written in an order of their own, and read with distrust."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..._util.checks import is_whole_number
from ...errors import InvalidInput
from ...store.vote import Choice, Pair, Vote
from . import layout
from .rows import LINE_LIMIT, matching_time
from .sources import lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .sources import Source

VOTES_LIMIT = 1_000_000
TEXT_LIMIT = 200  # characters of a rater's name


def votes_text(votes: Iterable[Vote]) -> str:
    """Votes as lines, by rater and number."""
    ordered = sorted(votes, key=lambda vote: (vote.pair.rater, vote.pair.number))
    return "".join(map(_vote_line, ordered))


def _vote_line(vote: Vote) -> str:
    pair = dataclasses.asdict(vote.pair)
    del pair["experiment"]
    values = {**pair, "choice": str(vote.choice), "voted": vote.voted}
    return f"{json.dumps(values, ensure_ascii=False)}\n"


def read_votes(files: Source, name: str, *, renamed: bool) -> Iterator[Vote]:
    """The votes of an export, on the experiment `name`; raises InvalidInput, which names the line.

    renamed: the votes of the original may be here under their own ids.
    """
    if not files.has(layout.VOTES):
        return
    for number, line in enumerate(lines(files, layout.VOTES, LINE_LIMIT), 1):
        if number > VOTES_LIMIT:
            raise InvalidInput(layout.VOTES, f"more than {VOTES_LIMIT:,} votes", "fewer")
        try:
            vote = _vote(json.loads(line.decode()), name)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise InvalidInput(
                f"{layout.VOTES} line {number}", "what is no vote", str(error)
            ) from None
        if renamed:
            digest = hashlib.sha256(f"{name} {vote.pair.id}".encode()).hexdigest()
            vote = replace(vote, pair=replace(vote.pair, id=digest[: len(vote.pair.id)]))
        yield vote


def _vote(values: dict[str, Any], experiment: str) -> Vote:
    texts = {name: values[name] for name in ("id", "rater", "left", "right")}
    for name, text in texts.items():
        if not isinstance(text, str) or not text.isprintable() or not 0 < len(text) <= TEXT_LIMIT:
            raise InvalidInput(name, text, f"text of at most {TEXT_LIMIT} characters")
    number = values["number"]
    if not is_whole_number(number) or not 0 <= number < 2**31:
        raise InvalidInput("number", number, "a whole number")
    pair = Pair(experiment=experiment, number=number, **texts)
    return Vote(pair, Choice(values["choice"]), matching_time("voted", values["voted"]))
