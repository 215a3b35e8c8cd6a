"""One sweep put before raters: the pairs that wait for them, their votes, and undo."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from ..analysis.counted_votes import counted_votes
from ..analysis.rated_pictures import rated_pictures
from ..analysis.selection import selected
from ..errors import InvalidInput
from ..runs.results import Results
from ..store.images import read_picture
from ..store.store import Store
from ..store.vote import Choice
from .pair_choice import next_pair
from .raters import check_rater

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ..analysis.selection import Conditions
    from ..store.vote import Pair, Vote

T = TypeVar("T")
# the pair that is shown, and the one whose pictures the window fetches meanwhile
WAITING = 2
SIDES = ("left", "right")


@dataclass(frozen=True)
class ShownPair:
    """What a window is told of a pair: nothing of how its pictures were made. id: random."""

    id: str
    prompt: str


@dataclass(frozen=True)
class RaterState:
    """What a rater's window shows.

    pairs: the one to show, and the one after it; empty once all pairs were shown. votes: how many
    the rater has given. latest: the pair of the vote that can be taken back. message: why the last
    request changed nothing, or empty.
    """

    rater: str
    votes: int
    latest: str | None
    pairs: tuple[ShownPair, ...]
    message: str = ""

    def as_dict(self) -> dict[str, object]:
        """The same as plain values."""
        return asdict(self)


class RatingSession:
    """Puts pairs of an experiment's pictures before raters, and enters their votes.

    Any thread may use it. What it says of a pair does not tell how its pictures were made. Raises
    InvalidInput for an experiment that never ran, or one without two settings to compare.

    where: conditions that leave the pictures to compare, see `dwlab.analysis.selection`.
    """

    def __init__(self, root: Path, experiment: str, where: Conditions = ()) -> None:
        self.root = root
        self.experiment = experiment
        table = selected(Results(root).table(experiment), where)
        is_there = [isinstance(image, str) and (root / image).is_file() for image in table["image"]]
        table = table[is_there]
        self._pictures = rated_pictures(table)
        self._positions = {key: at for at, key in enumerate(self._pictures.keys)}
        self._prompts = dict(zip(table["key"], table["prompt"].astype(str), strict=True))
        self._random = np.random.default_rng()
        # the store belongs to one thread
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="dwlab-rating")
        self._store: Store | None = None
        self._do(lambda _: None)

    def close(self) -> None:
        """Close the store; the session is over."""
        self._do(lambda store: store.close())
        self._thread.shutdown()

    def state(self, rater: str) -> RaterState:
        """What a rater's window shows. Raises InvalidInput for a name that cannot be one."""
        rater = check_rater(rater)
        return self._do(lambda store: self._state(store, rater))

    def vote(self, rater: str, pair: str, choice: str) -> RaterState:
        """Enter a vote; it is on the disk once this returns without a message.

        pair: its id. choice: left, right, tie or skip. Raises InvalidInput for other ones.
        """
        rater = check_rater(rater)
        vote = _choice(choice)
        return self._do(lambda store: self._vote(store, rater, pair, vote))

    def take_back(self, rater: str, pair: str) -> RaterState:
        """Take back the rater's latest vote, which must be on this pair; the pair is shown again."""
        rater = check_rater(rater)
        return self._do(lambda store: self._take_back(store, rater, pair))

    def picture(self, pair: str, side: str) -> bytes | None:
        """The PNG of a pair's picture, without its recipe; None if there is none."""
        if side not in SIDES:
            return None
        shown = self._do(lambda store: store.votes.pair(pair))
        if shown is None or shown.experiment != self.experiment:
            return None
        at = self._positions.get(shown.left if side == "left" else shown.right)
        return None if at is None else _blind_png(self.root / self._pictures.images[at])

    def _do(self, work: Callable[[Store], T]) -> T:
        return self._thread.submit(self._on_thread, work).result()

    def _on_thread(self, work: Callable[[Store], T]) -> T:
        if self._store is None:
            self._store = Store(self.root)
        return work(self._store)

    def _vote(self, store: Store, rater: str, pair: str, choice: Choice) -> RaterState:
        shown = store.votes.pair(pair)
        if shown is None or (shown.experiment, shown.rater) != (self.experiment, rater):
            return self._state(store, rater, "This pair is no longer open. Nothing was changed.")
        if not store.votes.vote(shown, choice):
            return self._state(store, rater, "Another window has voted on this pair already.")
        return self._state(store, rater)

    def _take_back(self, store: Store, rater: str, pair: str) -> RaterState:
        shown = store.votes.pair(pair)
        is_own = shown is not None and (shown.experiment, shown.rater) == (self.experiment, rater)
        if not is_own or shown is None or not store.votes.take_back(shown):
            return self._state(store, rater, "Only the latest vote can be taken back.")
        return self._state(store, rater)

    def _state(self, store: Store, rater: str, message: str = "") -> RaterState:
        pairs = self._waiting(store, rater)
        votes = [vote for vote in store.votes.of(self.experiment) if vote.pair.rater == rater]
        latest = store.votes.latest(self.experiment, rater)
        return RaterState(
            rater=rater,
            votes=sum(vote.choice is not Choice.SKIP for vote in votes),
            latest=latest.pair.id if latest else None,
            pairs=tuple(ShownPair(pair.id, self._prompts[pair.left]) for pair in pairs[:WAITING]),
            message=message,
        )

    def _waiting(self, store: Store, rater: str) -> list[Pair]:
        """The pairs that wait for a rater; as many are entered as a window needs."""
        waiting = self._showable(store, rater)
        while len(waiting) < WAITING:
            chosen = self._choose(store, rater, waiting)
            if chosen is None:
                break
            left, right = chosen
            store.votes.offer(self.experiment, rater, left, right, waiting=len(waiting))
            # another window may have been faster
            waiting = self._showable(store, rater)
        return waiting

    def _showable(self, store: Store, rater: str) -> list[Pair]:
        """The pairs that wait; those of pictures that are not put before raters are dropped."""
        waiting = store.votes.waiting(self.experiment, rater)
        gone = [pair for pair in waiting if not {pair.left, pair.right} <= self._positions.keys()]
        if gone:
            store.votes.drop(gone)
        return [pair for pair in waiting if pair not in gone]

    def _choose(self, store: Store, rater: str, waiting: list[Pair]) -> tuple[str, str] | None:
        """The keys of the pair to show next; None if the rater has seen all."""
        all_votes = store.votes.of(self.experiment)
        shown = [(self._positions[pair.left], self._positions[pair.right]) for pair in waiting]
        shown += self._skipped(all_votes, rater)
        votes = counted_votes(self._pictures, all_votes)
        chosen = next_pair(self._pictures, votes, rater, shown, self._random)
        if chosen is None:
            return None
        return self._pictures.keys[chosen.left], self._pictures.keys[chosen.right]

    def _skipped(self, votes: list[Vote], rater: str) -> list[tuple[int, int]]:
        """The pairs that a rater has skipped."""
        pairs = [
            vote.pair for vote in votes if vote.choice is Choice.SKIP and vote.pair.rater == rater
        ]
        positions = [
            (self._positions.get(pair.left), self._positions.get(pair.right)) for pair in pairs
        ]
        return [
            (left, right) for left, right in positions if left is not None and right is not None
        ]


def _choice(choice: str) -> Choice:
    try:
        return Choice(choice)
    except ValueError:
        raise InvalidInput("choice", choice, ", ".join(Choice)) from None


def _blind_png(path: Path) -> bytes | None:
    """A picture without the texts of its file, which say how it was made; None if it is damaged."""
    image = read_picture(path)
    if image is None:
        return None
    buffer = io.BytesIO()
    # it only has to travel to this machine's browser
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
