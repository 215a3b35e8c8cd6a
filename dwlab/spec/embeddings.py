"""Textual inversions: files with the meaning of a word, as a recipe names them."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace

from ..errors import InvalidInput
from .entries import build, check_distinct, checked_map
from .loras import check_file, check_hub

EMBEDDINGS_LIMIT = 32  # of one picture
_TOKEN = re.compile(r"[^\s\0]{1,100}")
_ALLOWED = "a list like [{file: charcoal.safetensors, token: <charcoal>}]"


@dataclass(frozen=True)
class Embedding:
    """A word that a file gives a meaning.

    file: a safetensors file with a textual inversion. token: the word that stands for it in
    prompts, without white space. sha256, hub, revision: as of a `Lora`.

    Raises InvalidInput, which names the field.
    """

    file: str = ""
    token: str = ""
    sha256: str = ""
    hub: str = ""
    revision: str = ""

    def __post_init__(self) -> None:
        check_file(self.file, self.sha256)
        check_hub(self.hub, self.revision, self.file)
        is_word = isinstance(self.token, str) and _TOKEN.fullmatch(self.token)
        if not is_word or not self.token.isprintable():
            allowed = "a word without white space, like <charcoal>, of at most 100 characters"
            raise InvalidInput("token", self.token, allowed)

    def as_dict(self) -> dict[str, object]:
        """The fields as plain values for JSON; empty ones are left out."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value}

    def without_path(self) -> Embedding:
        """The same without the path of its file, which is private; one of the hub is not."""
        return self if self.hub else replace(self, file="")


Embeddings = tuple[Embedding, ...]


def checked_embeddings(field: str, value: object) -> Embeddings:
    """The embeddings in a list of maps; raises InvalidInput, which names the entry."""
    if not isinstance(value, list | tuple):
        raise InvalidInput(field, value, _ALLOWED)
    if len(value) > EMBEDDINGS_LIMIT:
        raise InvalidInput(field, f"{len(value):,} embeddings", f"at most {EMBEDDINGS_LIMIT}")
    embeddings = tuple(_embedding(f"{field}[{index}]", entry) for index, entry in enumerate(value))
    tokens = [embedding.token for embedding in embeddings]
    check_distinct(field, "token", tokens, "a token that no other embedding has")
    return embeddings


def label(embeddings: Embeddings) -> str:
    """Embeddings as people read them: their tokens."""
    return ", ".join(embedding.token for embedding in embeddings) or "none"


def _embedding(field: str, entry: object) -> Embedding:
    if isinstance(entry, Embedding):
        return entry
    example = "{file: charcoal.safetensors, token: <charcoal>}"
    return build(field, Embedding, checked_map(field, entry, Embedding, example))
