"""How many tokens a text has for a model, and how much of it the model reads."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from ..errors import ModelError, first_line
from . import trust
from .identity import identify
from .quiet import quiet_libraries

if TYPE_CHECKING:
    from pathlib import Path

LONGEST_PROMPT = 512  # tokens; what diffusers gives a T5, whose tokenizer knows no limit


def count_tokens(name: str, text: str) -> tuple[int, int, int]:
    """(tokens of `text`, tokens that the text encoder takes, characters of `text` that it reads).

    Of several encoders, the one that reads the most; start and end tokens are not counted. Raises ModelError for a
    model that is not on this machine.
    """
    words, limit = max(
        _tokenizers(identify(name, download=False).folder), key=lambda found: found[1]
    )
    found = words(
        text, add_special_tokens=False, return_offsets_mapping=True, truncation=False, verbose=False
    )
    count = len(found.input_ids)
    return count, limit, len(text) if count <= limit else found.offset_mapping[limit - 1][1]


@functools.lru_cache(maxsize=4)
def _tokenizers(folder: Path) -> list[tuple[Any, int]]:
    """The tokenizers of a pipeline's folder, each with how many tokens of a text its encoder takes."""
    quiet_libraries()
    tokenizers = [_tokenizer(place) for place in sorted(folder.glob("tokenizer*"))]
    if not tokenizers:
        raise ModelError(f"{folder} holds no tokenizer")
    return [
        (
            tokenizer,
            min(tokenizer.model_max_length, LONGEST_PROMPT) - tokenizer.num_special_tokens_to_add(),
        )
        for tokenizer in tokenizers
    ]


def _tokenizer(place: Path) -> Any:
    from transformers import AutoTokenizer

    trust.check_part(place)  # the pipeline's index need not name it
    try:
        with trust.no_code():
            return AutoTokenizer.from_pretrained(
                place, trust_remote_code=False, local_files_only=True
            )
    except ModelError:
        raise
    except (
        Exception
    ) as error:  # a library that is not installed, too: whatever its files or class raise
        raise ModelError(f"the tokenizer in {place} does not load: {first_line(error)}") from error
