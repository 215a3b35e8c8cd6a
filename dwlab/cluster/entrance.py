"""Workers that come: asked whether they would make the pictures that were planned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import tasks
from .mailbox import Answered, Broken, Joined, Mailbox
from .roster import known_better

if TYPE_CHECKING:
    from .admission import Admission


class Entrance:
    """Asks each worker once, and remembers whom it refused."""

    def __init__(self, mail: Mailbox, admission: Admission) -> None:
        self._mail = mail
        self._admission = admission
        self._asked: dict[str, Joined] = {}
        # who and why, by the worker's address
        self.refused: dict[str, str] = {}

    def __contains__(self, key: object) -> bool:
        """Whether a task is a question to a worker."""
        return key in self._asked

    @property
    def workers(self) -> list[str]:
        """Those that are asked or were refused."""
        return [*self._asked, *self.refused]

    @property
    def is_asking(self) -> bool:
        """Whether an answer is still to come."""
        return bool(self._asked)

    def ask(self, joined: Joined) -> None:
        """Ask a worker that came, unless it was asked before."""
        worker = joined.worker
        if worker not in self._asked and worker not in self.refused:
            self._asked[worker] = joined
            parcel = self._admission.parcel
            self._mail.give(worker, worker, tasks.check, parcel.document, parcel.blobs)

    def take(self, message: Answered | Broken) -> tuple[Joined, str] | None:
        """A worker's answer: who it is, and why it is refused, or an empty text.

        None if it did not answer, because it died or its connection was cut.
        """
        joined = self._asked.pop(str(message.key))
        if isinstance(message, Broken):
            return None
        refusal = self._admission.refusal(joined.name, message.answer)
        if refusal:
            self.refused[joined.worker] = f"{joined.name} is refused: {refusal}"
        return known_better(joined, message.answer), refusal

    def leave(self, worker: str) -> None:
        """A worker went."""
        self._asked.pop(worker, None)
        self.refused.pop(worker, None)
