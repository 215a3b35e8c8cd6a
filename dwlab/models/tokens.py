"""How many tokens a prompt has for a model, and how much of it the model reads (often 77 tokens)."""

from __future__ import annotations

import functools
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import ModelError, first_line, printable, shortened
from ..spec import catalog
from ..spec.long_prompts import CHUNK, WINDOWS_LIMIT
from ..spec.names import TEXTS
from ..spec.prompt_encoders import encoding_of, has_windows
from ..spec.prompt_weights import COMPEL, parts_of, without_weights
from . import clip_tokenizer, trust
from .identity import identify
from .quiet import quiet_libraries

if TYPE_CHECKING:
    from pathlib import Path

    from ..spec.model_entry import Entry
    from ..spec.params import GenerationParams
    from .identity import Identity

# tokens that diffusers passes to a text encoder without a limit of its own
LONGEST_PROMPT = 512
SHORT = 70  # bytes: not more tokens than any text encoder reads
SHOWN = 60  # characters of what is not read


@dataclass(frozen=True)
class Reading:
    """How a model reads a text.

    tokens: that the text has. limit: tokens that the text encoder takes, start and end not counted.
    characters: of the text that it reads.
    """

    tokens: int
    limit: int
    characters: int


@dataclass(frozen=True)
class Cut:
    """The end of a prompt that a model does not read.

    name: of the parameter. text: the end.
    """

    name: str
    tokens: int
    limit: int
    text: str

    def __str__(self) -> str:
        unread = self.tokens - self.limit
        return f"{self.name}: the last {unread} of {self.tokens} tokens, {self.shown!r}"

    @property
    def shown(self) -> str:
        """The beginning of what is not read."""
        return shortened(printable(self.text.strip()), SHOWN)


@dataclass(frozen=True)
class _Tokenizer:
    """A tokenizer, and how many tokens of a text its encoder takes, besides those it adds."""

    tokenizer: Any
    longest: int
    added: int


def count_tokens(name: str, text: str) -> tuple[int, int, int]:
    """(tokens of `text`, tokens that the text encoder takes, characters of `text` that it reads).

    If there are several encoders, the one that reads the most counts. Start and end tokens are not
    counted. Raises ModelError for a model that is not on this machine.
    """
    reading = _reading(identify(name, download=False), text, None)
    return reading.tokens, reading.limit, reading.characters


def cuts(params: GenerationParams, identity: Identity) -> list[Cut]:
    """What the model does not read of a recipe's prompts.

    Raises ModelError for a tokenizer that does not load.
    """
    entry = catalog.lookup(str(identity.folder))
    if entry.random:
        return []
    length = params.call.get("max_sequence_length")
    windows = WINDOWS_LIMIT if params.long_prompt == CHUNK and has_windows(entry) else 1
    cuts_of_texts = []
    for name in TEXTS:
        text = _encoded(name, params, entry)
        if len(text.encode()) <= SHORT and length is None:
            continue
        reading = _reading(identity, text, length if isinstance(length, int) else None)
        limit = reading.limit * windows
        if reading.tokens > limit:
            cuts_of_texts.append(Cut(name, reading.tokens, limit, text[reading.characters :]))
    return cuts_of_texts


def remedy(identity: Identity) -> str:
    """What to do about prompts that are too long for a model."""
    if has_windows(catalog.lookup(str(identity.folder))):
        return "long_prompt: chunk reads more"
    length = _sequence_argument(identity.folder)
    if length is None:
        return "shorten them"
    return f"shorten them or set call.max_sequence_length, which is {length}"


def _encoded(name: str, params: GenerationParams, entry: Entry) -> str:
    """A prompt as the text encoder gets it, without the brackets and numbers of weights."""
    text: str = getattr(params, name)
    if params.prompt_weighting == COMPEL and encoding_of(entry):
        return without_weights(parts_of(name, text))
    return text


@functools.lru_cache(maxsize=4096)
def _reading(identity: Identity, text: str, length: int | None) -> Reading:
    """How a model reads a text. length: tokens that the call asks for."""
    tokenizers = _tokenizers(_folders(identity))
    longest = max(tokenizers, key=lambda tokenizer: tokenizer.longest)
    asked = length or _sequence_argument(identity.folder) or LONGEST_PROMPT
    limit = min(longest.longest, asked) - longest.added
    tokens = longest.tokenizer(
        text, add_special_tokens=False, return_offsets_mapping=True, truncation=False, verbose=False
    )
    count = len(tokens.input_ids)
    if count <= limit:
        return Reading(count, limit, len(text))
    _, end = tokens.offset_mapping[limit - 1]
    return Reading(count, limit, end)


@functools.lru_cache(maxsize=16)
def _sequence_argument(folder: Path) -> int | None:
    """The default of `max_sequence_length`, the tokens of a prompt that a call passes on.

    None if the pipeline has no such argument.
    """
    import diffusers

    pipeline = getattr(diffusers, catalog.lookup(str(folder)).pipeline or "", None)
    arguments = inspect.signature(pipeline.__call__).parameters if pipeline else {}
    argument = arguments.get("max_sequence_length")
    return argument.default if argument and isinstance(argument.default, int) else None


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
    replaced = {part.name: part.path for part in identity.parts}
    folders = [replaced.get(folder.name, folder) for folder in folders]
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
    return _Tokenizer(
        tokenizer=tokenizer,
        longest=tokenizer.model_max_length,
        added=tokenizer.num_special_tokens_to_add(),
    )
