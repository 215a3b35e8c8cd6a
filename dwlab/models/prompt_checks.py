"""Checks prompts against a model before any weights load."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from ..errors import InvalidInput, MissingExtra
from ..spec import catalog
from ..spec.long_prompts import CHUNK, ERROR, TRUNCATE
from ..spec.prompt_encoders import SD, SDXL, encoding_of, has_windows
from ..spec.prompt_weights import LITERAL
from .tokens import Cut, cuts, remedy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..spec.model_entry import Entry
    from ..spec.params import GenerationParams
    from .identity import Identity

# layers of the text encoder that compel can leave out
_SKIPPED = {SD: (None, 0, 1), SDXL: (None, 0)}
# arguments of a call that take no embeddings beside those of the prompt
_SECOND_PROMPTS = ("prompt_2", "negative_prompt_2")


def needs_check(params: GenerationParams) -> bool:
    """Whether a recipe asks for more than plain prompts."""
    return params.long_prompt != TRUNCATE or params.prompt_weighting != LITERAL


def check_prompts(params: Iterable[GenerationParams], identity: Identity) -> None:
    """Check the prompts of a model's cells, each text once.

    Raises InvalidInput, which names the parameter, for a prompt that is too long and for what the
    model cannot do; MissingExtra without compel.
    """
    entry = catalog.lookup(str(identity.folder))
    distinct = {(cell.prompt, cell.negative_prompt, cell.kind()): cell for cell in params}
    for cell in distinct.values():
        if cell.long_prompt == CHUNK:
            _check_has_windows(entry, identity.name)
        if cell.embeds_prompts and encoding_of(entry):
            _check_embeddings(cell, entry)
        if cell.long_prompt != TRUNCATE:
            for cut in cuts(cell, identity):
                raise _too_long(cell, cut, identity)


def _check_has_windows(entry: Entry, model: str) -> None:
    if entry.random or not has_windows(entry):
        allowed = (
            f"truncate or error for model {model!r}: only the text encoders of Stable "
            "Diffusion and SDXL read a prompt in chunks; others read call.max_sequence_length tokens"
        )
        raise InvalidInput("long_prompt", CHUNK, allowed)


def _check_embeddings(params: GenerationParams, entry: Entry) -> None:
    """Check what stands beside prompts that are passed as embeddings."""
    if importlib.util.find_spec("compel") is None:
        raise MissingExtra("a prompt with weights or in chunks", "models")
    for name in _SECOND_PROMPTS:
        if name in params.call:
            allowed = "left out beside prompt_weighting: compel and long_prompt: chunk"
            raise InvalidInput(f"call.{name}", params.call[name], allowed)
    skipped = params.call.get("clip_skip")
    allowed_skips = _SKIPPED.get(encoding_of(entry) or "", (None,))
    if skipped not in allowed_skips:
        listed = " or ".join(str(layers) for layers in allowed_skips if layers is not None)
        allowed = f"{listed} beside prompt_weighting: compel and long_prompt: chunk"
        raise InvalidInput("call.clip_skip", skipped, allowed)


def _too_long(params: GenerationParams, cut: Cut, identity: Identity) -> InvalidInput:
    allowed = f"at most {cut.limit} tokens for model {identity.name!r} (this has {cut.tokens})"
    if params.long_prompt == ERROR:
        allowed = f"{allowed}; {remedy(identity)}"
    return InvalidInput(cut.name, getattr(params, cut.name), allowed)
