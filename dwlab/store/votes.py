"""The votes of raters, and the pairs that wait for one: a row for each pair that was shown.

A pair has its row before it is shown, so a vote is a change of one row that can happen only once:
however many windows show the pair, and however often an answer is lost and sent again, it counts
once.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from .._util.timestamp import now
from . import votes_log
from .vote import Choice, Pair, Vote

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from .database import StoreFile

ID_BYTES = 12
_COLUMNS = "id, experiment, rater, number, left_key, right_key, choice, voted"
_VOTES = f"""
    SELECT {_COLUMNS} FROM votes
    WHERE experiment = :experiment AND choice IS NOT NULL
    ORDER BY voted, number
"""
_WAITING = f"""
    SELECT {_COLUMNS} FROM votes
    WHERE experiment = :experiment AND rater = :rater AND choice IS NULL
    ORDER BY number
"""
_LATEST = f"""
    SELECT {_COLUMNS} FROM votes
    WHERE experiment = :experiment AND rater = :rater AND choice IS NOT NULL
    ORDER BY number DESC
    LIMIT 1
"""
_PAIR = f"SELECT {_COLUMNS} FROM votes WHERE id = :id"
_OFFER = """
    INSERT INTO votes (id, experiment, rater, number, left_key, right_key)
    SELECT :id, :experiment, :rater, COALESCE(MAX(number), 0) + 1, :left, :right
    FROM votes
    WHERE experiment = :experiment AND rater = :rater
"""
_VOTE = "UPDATE votes SET choice = :choice, voted = :voted WHERE id = :id AND choice IS NULL"
_TAKE_BACK = "UPDATE votes SET choice = NULL, voted = NULL WHERE id = :id"
# a rater may have another pair under the number of a vote that was given elsewhere
_WRITE = f"""
    INSERT OR IGNORE INTO votes ({_COLUMNS})
    VALUES (
        :id, :experiment, :rater,
        CASE
            WHEN EXISTS (
                SELECT 1 FROM votes
                WHERE experiment = :experiment AND rater = :rater AND number = :number
            )
            THEN (
                SELECT MAX(number) + 1 FROM votes
                WHERE experiment = :experiment AND rater = :rater
            )
            ELSE :number
        END,
        :left, :right, :choice, :voted
    )
"""
_REMOVE = "DELETE FROM votes WHERE experiment = :experiment"


class Votes:
    """Reads and enters votes."""

    def __init__(self, file: StoreFile) -> None:
        self._file = file

    def of(self, experiment: str) -> list[Vote]:
        """All votes on an experiment, oldest first, those that skip a pair too."""
        return [_vote(row) for row in self._file.query(_VOTES, experiment=experiment)]

    def waiting(self, experiment: str, rater: str) -> list[Pair]:
        """The pairs that wait for a rater's vote; the first is the one to show."""
        rows = self._file.query(_WAITING, experiment=experiment, rater=rater)
        return [_pair(row) for row in rows]

    def latest(self, experiment: str, rater: str) -> Vote | None:
        """The vote that a rater can take back; None if there is none."""
        rows = self._file.query(_LATEST, experiment=experiment, rater=rater)
        return _vote(rows[0]) if rows else None

    def pair(self, pair: str) -> Pair | None:
        """The pair with this id, whether or not there is a vote on it."""
        rows = self._file.query(_PAIR, id=pair)
        return _pair(rows[0]) if rows else None

    def offer(
        self, experiment: str, rater: str, left: str, right: str, *, waiting: int
    ) -> Pair | None:
        """Enter a pair that is going to be shown; left, right: the keys of its pictures.

        None if other than `waiting` pairs wait by now: another window was faster.
        """
        arguments = {
            "id": secrets.token_hex(ID_BYTES),
            "experiment": experiment,
            "rater": rater,
            "left": left,
            "right": right,
        }
        with self._file.transaction() as sql:
            if len(sql.execute(_WAITING, arguments).fetchall()) != waiting:
                return None
            sql.execute(_OFFER, arguments)
        return self.pair(arguments["id"])

    def vote(self, pair: Pair, choice: Choice) -> bool:
        """Enter what a rater says of a pair; it is durable once this returns.

        False if another vote on it counts already. The same vote once more changes nothing.
        """
        vote = Vote(pair, choice, now())
        with self._file.transaction() as sql:
            arguments = {"id": pair.id, "choice": str(choice), "voted": vote.voted}
            if sql.execute(_VOTE, arguments).rowcount:
                votes_log.add_votes(self._file.root, [vote])
                return True
            row = sql.execute(_PAIR, {"id": pair.id}).fetchone()
        return row is not None and row["choice"] == choice

    def take_back(self, pair: Pair) -> bool:
        """Take back a rater's latest vote, so that its pair waits again; False if it is another."""
        with self._file.transaction() as sql:
            arguments = {"experiment": pair.experiment, "rater": pair.rater}
            row = sql.execute(_LATEST, arguments).fetchone()
            if row is None or row["id"] != pair.id:
                return False
            sql.execute(_TAKE_BACK, {"id": pair.id})
            votes_log.add_taken_back(self._file.root, pair.id)
        return True

    def drop(self, pairs: Iterable[Pair]) -> None:
        """Forget pairs that wait, because they can no longer be shown."""
        with self._file.transaction() as sql:
            rows = [(pair.id,) for pair in pairs]
            sql.executemany("DELETE FROM votes WHERE id = ? AND choice IS NULL", rows)


def write_vote(sql: sqlite3.Connection, vote: Vote) -> bool:
    """Write a vote within a transaction; False if its pair is there.

    It gets the rater's next number if another pair has its own.
    """
    pair = vars(vote.pair)
    cursor = sql.execute(_WRITE, {**pair, "choice": str(vote.choice), "voted": vote.voted})
    return bool(cursor.rowcount)


def enter_votes(file: StoreFile, experiment: str, votes: Iterable[Vote]) -> int:
    """Enter votes on an experiment that were given elsewhere; returns how many were new.

    Those that are here stay as they are, also if they are here under another id.
    """
    with file.transaction() as sql:
        rows = sql.execute(_VOTES, {"experiment": experiment}).fetchall()
        known = {_act(_vote(row)) for row in rows}
        unknown = [vote for vote in votes if _act(vote) not in known]
        new = [vote for vote in unknown if write_vote(sql, vote)]
        votes_log.add_votes(file.root, new)
    return len(new)


def _act(vote: Vote) -> tuple[str, str, str, str]:
    """What makes two votes on an experiment the same: rater, pictures and time."""
    return vote.pair.rater, vote.pair.left, vote.pair.right, vote.voted


def remove_votes(sql: sqlite3.Connection, experiment: str) -> None:
    """Remove the votes on an experiment, within a transaction."""
    sql.execute(_REMOVE, {"experiment": experiment})


def _pair(row: sqlite3.Row) -> Pair:
    return Pair(
        id=row["id"],
        experiment=row["experiment"],
        rater=row["rater"],
        number=row["number"],
        left=row["left_key"],
        right=row["right_key"],
    )


def _vote(row: sqlite3.Row) -> Vote:
    return Vote(_pair(row), Choice(row["choice"]), row["voted"])
