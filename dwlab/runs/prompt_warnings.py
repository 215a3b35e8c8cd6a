"""Warnings of a plan about prompts: what is taken literally, and what the model does not read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .._util.counted import counted
from ..errors import ModelError, printable, shortened
from ..models import tokens
from ..spec import prompt_syntax
from ..spec.long_prompts import TRUNCATE
from ..spec.names import TEXTS
from ..spec.prompt_encoders import encoding_of
from ..spec.prompt_weights import COMPEL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ..models.identity import Identity
    from ..models.tokens import Cut
    from ..spec.model_entry import Entry
    from ..spec.params import GenerationParams

SHOWN = 60  # characters of an example
TEXTS_LIMIT = 5_000  # of a model that are looked at, because a sweep may have 100,000
_MARKS = frozenset("([<{_")  # one of these is in all syntax of other tools
_REMEDIES = {
    prompt_syntax.LORA: "a prompt loads no LoRA: that is a parameter of its own",
    prompt_syntax.WILDCARD: "write a name in braces, like {colour}, and give it an axis",
    prompt_syntax.VARIANTS: 'write axes: {prompt: {variants: "..."}} to draw each variant',
}


@dataclass
class _Literal:
    """Texts with syntax that is taken literally."""

    example: str
    texts: set[str] = field(default_factory=set)


@dataclass
class _CutPrompts:
    """Texts of a model that are too long, and the first of them."""

    first: Cut
    count: int = 0


def literal_syntax(params: Iterable[GenerationParams], entries: Mapping[str, Entry]) -> list[str]:
    """What other tools would understand in the prompts. entries: what is known of each model."""
    literal: dict[tuple[str, str], _Literal] = {}
    for cell in _distinct(params):
        for name in TEXTS:
            text = getattr(cell, name)
            for kind, example in _examples(text).items():
                remedy = _remedy(kind, cell, entries[cell.model])
                if remedy is not None:
                    literal.setdefault((name, remedy), _Literal(example)).texts.add(text)
    return [
        f"{name}: {_shown(found.example)} is taken literally{_among(len(found.texts))}; {remedy}"
        for (name, remedy), found in literal.items()
    ]


def cut_prompts(params: Sequence[GenerationParams], identity: Identity) -> Iterator[str]:
    """What a model does not read of its cells' prompts."""
    cells = [cell for cell in _distinct(params) if cell.long_prompt == TRUNCATE]
    cut: dict[str, _CutPrompts] = {}
    try:
        for cell in cells[:TEXTS_LIMIT]:
            for each in tokens.cuts(cell, identity):
                cut.setdefault(each.name, _CutPrompts(each)).count += 1
    except ModelError as error:
        yield f"{identity.name}: the tokens of prompts could not be counted: {error}"
    for name, found in cut.items():
        yield (
            f"{name}: model {identity.name!r} reads {found.first.limit} tokens and not the end of "
            f"{counted(found.count, 'text')}, like {found.first.shown!r}; {tokens.remedy(identity)}"
        )


def _distinct(params: Iterable[GenerationParams]) -> list[GenerationParams]:
    """A cell for each pair of prompts and what becomes of it."""
    distinct: dict[tuple[object, object], GenerationParams] = {}
    for cell in params:
        texts = (cell.prompt, cell.negative_prompt)
        treatment = (cell.model, cell.prompt_weighting, cell.long_prompt)
        distinct.setdefault((texts, treatment), cell)
    return list(distinct.values())


def _examples(text: str) -> dict[str, str]:
    return {} if _MARKS.isdisjoint(text) else prompt_syntax.examples(text)


def _remedy(kind: str, cell: GenerationParams, entry: Entry) -> str | None:
    """What to do about syntax that is taken literally; None if it is not."""
    if kind != prompt_syntax.WEIGHTS:
        return _REMEDIES[kind]
    if encoding_of(entry) is None:
        return f"prompts of model {cell.model!r} take no weights"
    if cell.prompt_weighting == COMPEL:
        return None
    return "prompt_weighting: compel gives it a weight"


def _shown(example: str) -> str:
    return shortened(printable(example), SHOWN)


def _among(count: int) -> str:
    return "" if count == 1 else f" ({count:,} texts have such)"
