"""Helps with prompts: those that were drawn before, saved ones, and weights of words."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ...errors import DwlabError
from ...models.identity import entry_here
from ...spec.prompt_encoders import encoding_of
from ...spec.prompt_weights import COMPEL
from ...store.saved_prompts import SavedPrompt, SavedPrompts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ...store.history_search import HistoryEntry
    from .explorer import Explorer

PICTURES_READ = 300  # of the history, for their prompts
PROMPTS_SHOWN = 60


class PromptHelps:
    """Writes the bench's trait `saved`, and knows its earlier prompts. root: the results folder."""

    def __init__(self, bench: Explorer, root: Path) -> None:
        self._bench = bench
        self._prompts = SavedPrompts(root)
        self._show()

    def earlier(self) -> list[str]:
        """The prompts of the newest pictures, each once, newest first."""
        entries = sorted(self._bench.session.history(PICTURES_READ), key=_position, reverse=True)
        prompts = dict.fromkeys(json.loads(entry.params)["prompt"] for entry in entries)
        return [prompt for prompt in prompts if prompt][:PROMPTS_SHOWN]

    def save(self, kind: str, name: str, text: str, negative_prompt: str = "") -> None:
        """Keep a snippet or a style."""
        self._prompts.save(SavedPrompt(kind, name, text, negative_prompt))
        self._show()

    def remove(self, kind: str, name: str) -> None:
        """Forget a snippet or a style."""
        self._prompts.remove(kind, name)
        self._show()

    def weigh(self) -> None:
        """Let the model give words in brackets a weight."""
        controls = self._bench.controls
        more = with_weights(controls["more"], str(controls.get("scheduler")))
        self._bench.controls = {**controls, "more": more}

    def _show(self) -> None:
        self._bench.saved = [asdict(prompt) for prompt in self._prompts.all()]


def with_weights(more: Mapping[str, Any], scheduler: str) -> dict[str, Any]:
    """The control `more` with weights in prompts. scheduler: the one that is chosen."""
    others = json.loads(more.get("others", "{}"))
    others["prompt_weighting"] = COMPEL
    return {"scheduler": scheduler, **more, "others": json.dumps(others)}


def takes_weights(model: str) -> bool:
    """Whether words of a prompt can have a weight with this model, here."""
    if importlib.util.find_spec("compel") is None:
        return False
    try:
        return encoding_of(entry_here(model)) is not None
    except DwlabError:
        return False


def _position(entry: HistoryEntry) -> int:
    return entry.position
