"""Prompts that people keep in a results folder: snippets to insert, and styles around a prompt."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from .._util.atomic import write_atomic
from .._util.jsonfile import read_object
from .._util.lock import locked
from ..errors import DwlabError, InvalidInput, StoreError
from ..spec.prompt_text import UNWRITABLE, checked_prompt

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE = "prompts.json"  # in the results folder
LOCK_FILE = "prompts.lock"  # beside it
PATIENCE = 20.0  # seconds that another kernel may take to save
SNIPPET = "snippet"
STYLE = "style"
KINDS = (SNIPPET, STYLE)
PLACE = "{prompt}"  # in a style, what stands for the prompt
NAME_LIMIT = 60  # characters
PROMPTS_LIMIT = 500
FILE_LIMIT = 16 << 20  # bytes


@dataclass(frozen=True)
class SavedPrompt:
    """A snippet or a style.

    text: of a style, with one `{prompt}` in it. negative_prompt: of a style, added to that of the
    recipe. Raises InvalidInput, which names the field.
    """

    kind: str
    name: str
    text: str
    negative_prompt: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InvalidInput("kind", self.kind, " or ".join(KINDS))
        object.__setattr__(self, "name", _checked_name(self.name))
        for field in ("text", "negative_prompt"):
            object.__setattr__(self, field, checked_prompt(field, getattr(self, field)))
        if not self.text:
            raise InvalidInput("text", self.text, "a text of at least one character")
        if self.kind == STYLE and self.text.count(PLACE) != 1:
            allowed = f"a prompt with {PLACE} in it once, where the prompt of the moment goes"
            raise InvalidInput("text", self.text, allowed)


class SavedPrompts:
    """The saved prompts of a results folder. root: that folder, which may not exist yet."""

    def __init__(self, root: Path) -> None:
        self._path = root / FILE

    def all(self) -> list[SavedPrompt]:
        """All of them, by kind and name; what cannot be read is left out.

        Anybody may have edited the file, so nothing in it is trusted.
        """
        if not self._path.exists():
            return []
        try:
            entries = read_object(self._path, FILE_LIMIT).get("prompts")
        except DwlabError:
            return []
        prompts: dict[tuple[str, str], SavedPrompt] = {}
        for entry in entries if isinstance(entries, list) else []:
            prompt = _read(entry)
            if prompt and len(prompts) < PROMPTS_LIMIT:
                prompts[prompt.kind, prompt.name] = prompt
        return [prompts[name] for name in sorted(prompts)]

    def save(self, prompt: SavedPrompt) -> None:
        """Keep a prompt; it replaces the one of its kind and name. Raises StoreError."""
        with self._changing():
            others = self._others(prompt.kind, prompt.name)
            if len(others) >= PROMPTS_LIMIT:
                raise InvalidInput("name", prompt.name, f"at most {PROMPTS_LIMIT} saved prompts")
            self._write([*others, prompt])

    def remove(self, kind: str, name: str) -> None:
        """Forget a prompt; does nothing if there is none. Raises StoreError."""
        with self._changing():
            self._write(self._others(kind, name))

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """Keep other kernels from changing the file meanwhile, so that no entry is lost."""
        try:
            with locked(self._path.with_name(LOCK_FILE), PATIENCE):
                yield
        except OSError as error:
            raise StoreError(f"{self._path} cannot be written: {error.strerror}") from error

    def _others(self, kind: str, name: str) -> list[SavedPrompt]:
        return [other for other in self.all() if (other.kind, other.name) != (kind, name)]

    def _write(self, prompts: list[SavedPrompt]) -> None:
        content = {"prompts": [asdict(prompt) for prompt in prompts]}
        text = json.dumps(content, indent=1, ensure_ascii=False)
        write_atomic(self._path, text.encode())


def _checked_name(name: object) -> str:
    allowed = f"1 to {NAME_LIMIT} characters on one line"
    if not isinstance(name, str) or UNWRITABLE.search(name):
        raise InvalidInput("name", name, allowed)
    name = name.strip()
    if not 1 <= len(name) <= NAME_LIMIT or len(name.splitlines()) > 1:
        raise InvalidInput("name", name, allowed)
    return name


def _read(entry: object) -> SavedPrompt | None:
    """An entry of the file; None if it is not valid."""
    if not isinstance(entry, dict):
        return None
    try:
        return SavedPrompt(
            kind=entry.get("kind", ""),
            name=entry.get("name", ""),
            text=entry.get("text", ""),
            negative_prompt=entry.get("negative_prompt", ""),
        )
    except InvalidInput:
        return None
