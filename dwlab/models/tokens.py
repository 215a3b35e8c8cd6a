"""How many tokens a prompt has for a model, and how much of it the model reads (often 77 tokens)."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import ModelError, first_line
from . import clip_tokenizer, trust
from .identity import identify
from .quiet import quiet_libraries

if TYPE_CHECKING:
    from pathlib import Path

    from .identity import Identity

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
    tokenizers = _tokenizers(_folders(identify(name, download=False)))
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
def _tokenizers(folders: tuple[Path, ...]) -> list[_Tokenizer]:
    quiet_libraries()
    return [_load(path) for path in folders]


def _folders(identity: Identity) -> tuple[Path, ...]:
    """The folders of a model's tokenizers; raises ModelError if there is none."""
    folders = sorted(identity.folder.glob("tokenizer*"))
    if identity.checkpoint:
        lent = [folder for part, folder in identity.checkpoint.lent if part.startswith("tokenizer")]
        folders = list(dict.fromkeys([*folders, *lent]))
    if not folders:
        raise ModelError(f"{identity.folder} holds no tokenizer")
    return tuple(folders)


def _load(path: Path) -> _Tokenizer:
    from transformers import AutoTokenizer

    # checked because the pipeline's index need not name it
    trust.check_part(path)
    try:
        with trust.no_code():
            if clip_tokenizer.lacks_vocabulary(path):
                tokenizer = clip_tokenizer.build(path)
            else:
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
