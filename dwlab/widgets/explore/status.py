"""The status line of the prompt bench, and the notice that outlasts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .explorer import Explorer


class StatusLine:
    """Writes the bench's traits `status` and `notice`.

    tone: "bad" or "". share: of the work that is done, 0..1.
    """

    def __init__(self, bench: Explorer) -> None:
        self._bench = bench

    def say(self, text: str, *, tone: str = "", share: float = 0.0) -> None:
        """Show a text until the next one."""
        self._bench.status = {
            "text": text,
            "tone": tone,
            "share": share,
            "unfinished": self._bench.session.unfinished,
        }

    def say_lasting(self, text: str, *, tone: str = "", share: float = 0.0) -> None:
        """Show a text, and keep it visible if the progress of another task is to replace it."""
        self.say(text, tone=tone, share=share)
        if self._bench.session.unfinished:
            self._bench.notice = text
