"""How many tokens a prompt has for a model, and how much of it the model reads (often 77 tokens)."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import ModelError, first_line
from . import trust
from .identity import identify
from .quiet import quiet_libraries

if TYPE_CHECKING:
    from pathlib import Path

LONGEST_PROMPT = 512  # tokens that diffusers passes to a T5, whose tokenizer has no limit


@dataclass(frozen=True)
class _Tokenizer:
    """A tokenizer, and how many tokens of a text its encoder takes."""

    tokenizer: Any
    limit: int


def count_tokens(name: str, text: str) -> tuple[int, int, int]:
    """(tokens of `text`, tokens that the text encoder takes, characters of `text` that it reads).

    If there are several encoders, the one that reads the most counts. Start and end tokens are not
    counted. Raises ModelError for a model that is not on this machine.
    """
    tokenizers = _tokenizers(identify(name, download=False).folder)
    longest = max(tokenizers, key=lambda tokenizer: tokenizer.limit)
    tokens = longest.tokenizer(
        text, add_special_tokens=False, return_offsets_mapping=True, truncation=False, verbose=False
    )
    count = len(tokens.input_ids)
    if count <= longest.limit:
        return count, longest.limit, len(text)
    _, end = tokens.offset_mapping[longest.limit - 1]
    return count, longest.limit, end


@functools.lru_cache(maxsize=4)
def _tokenizers(folder: Path) -> list[_Tokenizer]:
    """The tokenizers of a pipeline's folder."""
    quiet_libraries()
    tokenizers = [_load(path) for path in sorted(folder.glob("tokenizer*"))]
    if not tokenizers:
        raise ModelError(f"{folder} holds no tokenizer")
    return tokenizers


def _load(path: Path) -> _Tokenizer:
    from transformers import AutoTokenizer

    # checked because the pipeline's index need not name it
    trust.check_part(path)
    try:
        with trust.no_code():
            tokenizer = AutoTokenizer.from_pretrained(
                path, trust_remote_code=False, local_files_only=True
            )
    except ModelError:
        raise
    # its files and class may raise anything, also for a library that is not installed
    except Exception as error:
        raise ModelError(f"the tokenizer in {path} does not load: {first_line(error)}") from error
    longest = min(tokenizer.model_max_length, LONGEST_PROMPT)
    return _Tokenizer(tokenizer, longest - tokenizer.num_special_tokens_to_add())
