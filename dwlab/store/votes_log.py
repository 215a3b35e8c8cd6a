"""`votes.jsonl`: a second copy of the votes, from which they are read after the store was lost.

Each line is a vote, a vote that was taken back, or an experiment whose votes were removed. Lines are
only ever appended. The store's own rows are what counts.
"""

from __future__ import annotations

import dataclasses
import json
import os
from typing import TYPE_CHECKING, Any

from .._util.checks import is_whole_number
from .vote import Choice, Pair, Vote

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

LOG_FILE = "votes.jsonl"


def add_votes(root: Path, votes: Iterable[Vote]) -> None:
    """Append votes."""
    entries = []
    for vote in votes:
        pair = dataclasses.asdict(vote.pair)
        entries.append({**pair, "choice": str(vote.choice), "voted": vote.voted})
    if entries:
        _append(root, *entries)


def add_taken_back(root: Path, pair: str) -> None:
    """Append that the vote on a pair was taken back. pair: its id."""
    _append(root, {"taken_back": pair})


def add_removed(root: Path, experiment: str) -> None:
    """Append that the votes of an experiment were removed, if there is a log."""
    if (root / LOG_FILE).exists():
        _append(root, {"removed": experiment})


def read(root: Path) -> list[Vote]:
    """The votes that count; a line that a crash or a person damaged is left out."""
    try:
        lines = (root / LOG_FILE).read_bytes().splitlines()
    except OSError:
        return []
    votes: dict[str, Vote] = {}
    for line in lines:
        entry = _entry(line)
        if "removed" in entry:
            votes = _without(votes, entry["removed"])
        elif "taken_back" in entry:
            votes.pop(str(entry["taken_back"]), None)
        else:
            vote = _vote(entry)
            if vote is not None:
                votes[vote.pair.id] = vote
    return list(votes.values())


def _without(votes: dict[str, Vote], experiment: object) -> dict[str, Vote]:
    """The votes that are not on an experiment."""
    return {pair: vote for pair, vote in votes.items() if vote.pair.experiment != experiment}


def _append(root: Path, *entries: dict[str, Any]) -> None:
    """Append lines durably.

    They begin with a line break if the last writer died within its own.
    """
    path = root / LOG_FILE
    # appending to a symbolic link would write to the file it points at
    if path.is_symlink():
        path.unlink()
    data = "".join(f"{json.dumps(entry)}\n" for entry in entries).encode()
    with path.open("ab+") as log:
        if log.tell():
            log.seek(-1, os.SEEK_END)
            if log.read(1) != b"\n":
                data = b"\n" + data
        log.write(data)
        log.flush()
        os.fsync(log.fileno())


def _entry(line: bytes) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return entry if isinstance(entry, dict) else {}


def _vote(entry: dict[str, Any]) -> Vote | None:
    try:
        texts = {
            name: _text(entry[name]) for name in ("id", "experiment", "rater", "left", "right")
        }
        pair = Pair(number=_number(entry["number"]), **texts)
        return Vote(pair, Choice(entry["choice"]), _text(entry["voted"]))
    except (LookupError, TypeError, ValueError):
        return None


def _number(value: object) -> int:
    """A number that can be stored; raises ValueError for anything else."""
    if not is_whole_number(value) or not 0 <= value < 2**31:
        raise ValueError("not a number of a pair")
    return value


def _text(value: object) -> str:
    """A text that can be stored; raises TypeError or ValueError for anything else."""
    if not isinstance(value, str):
        raise TypeError("not a text")
    # a lone surrogate cannot be stored
    value.encode()
    return value
