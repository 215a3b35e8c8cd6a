"""Workers that come: asked whether they would make the pictures that were planned."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ..errors import first_line
from . import tasks
from .mailbox import Answered, Broken, Joined, Mailbox
from .roster import known_better

if TYPE_CHECKING:
    from .admission import Admission

DEATHS = 2  # of the question, until a worker is asked no more


class Entrance:
    """Asks each worker once, and remembers whom it refused."""

    def __init__(self, mail: Mailbox, admission: Admission) -> None:
        self._mail = mail
        self._admission = admission
        # who is asked, and since when, by the worker's address
        self._asked: dict[str, tuple[Joined, float]] = {}
        # how often a worker died of the question, by its name
        self._deaths: Counter[str] = Counter()
        # who and why, by the worker's address
        self.refused: dict[str, str] = {}

    @property
    def workers(self) -> list[str]:
        """Those that are asked or were refused."""
        return [*self._asked, *self.refused]

    @property
    def is_asking(self) -> bool:
        """Whether an answer is still to come."""
        return bool(self._asked)

    def ask(self, joined: Joined, now: float) -> None:
        """Ask a worker that came, unless it was asked before."""
        worker = joined.worker
        if worker in self._asked or worker in self.refused:
            return
        if self._deaths[joined.name] >= DEATHS:
            self._refuse(joined, "its process ended each time it was asked for a first picture")
        else:
            self._asked[worker] = (joined, now)
            parcel = self._admission.parcel
            self._mail.give(worker, worker, tasks.check, parcel.document, parcel.blobs)

    def take(self, message: Answered | Broken) -> tuple[Joined, str] | None:
        """A worker's answer: who it is, and why it is refused, or an empty text.

        None if it did not answer, because it died or left or the scheduler is gone.
        """
        from distributed import CancelledError, KilledWorker

        asked = self._asked.get(str(message.key))
        if asked is None:
            return None
        joined, _ = asked
        if isinstance(message, Broken):
            if isinstance(message.error, CancelledError | KilledWorker):
                self.leave(joined.worker)
                return None
            refusal = f"it raised {type(message.error).__name__}: {first_line(message.error)}"
        else:
            refusal = self._admission.refusal(joined.name, message.answer)
            joined = known_better(joined, message.answer)
        del self._asked[joined.worker]
        if refusal:
            self._refuse(joined, refusal)
        return joined, refusal

    def give_up(self, before: float) -> list[tuple[Joined, str]]:
        """Refuse the workers that were asked before a time and did not answer; who they are, and why."""
        late = [(joined, since) for joined, since in self._asked.values() if since < before]
        refusal = "it was asked for a first picture and gave no answer"
        for joined, _ in late:
            del self._asked[joined.worker]
            self._mail.forget(joined.worker)
            self._refuse(joined, refusal)
        return [(joined, refusal) for joined, _ in late]

    def leave(self, worker: str) -> None:
        """A worker went."""
        asked = self._asked.pop(worker, None)
        if asked is not None:
            joined, _ = asked
            self._deaths[joined.name] += 1
        self.refused.pop(worker, None)

    def _refuse(self, joined: Joined, refusal: str) -> None:
        self.refused[joined.worker] = f"{joined.name} is refused: {refusal}"
