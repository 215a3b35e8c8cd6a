"""Textual inversions: words that files give a meaning, added to a model for a while."""

from __future__ import annotations

import contextlib
import copy
from typing import TYPE_CHECKING, Any

from .._util.jsonfile import read_object
from ..errors import InvalidInput, ModelError, first_line
from ..spec import catalog
from . import adapter_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ..spec.embeddings import Embedding
    from .adapter_files import AdapterFile
    from .identity import Identity

# names of tensors in files for two text encoders -> the part that each is for
_PARTS = {"clip_l": "text_encoder", "clip_g": "text_encoder_2"}


def find(field: str, embedding: Embedding, identity: Identity) -> AdapterFile:
    """The file of an embedding, checked against the sizes of a model's text encoders.

    field: where the recipe names it, like `embeddings[0]`. Raises InvalidInput.
    """
    source = adapter_files.source_of(embedding)
    file = adapter_files.find(field, embedding.file, embedding.sha256, source)
    problem = _problem(file.path, identity)
    if problem:
        raise InvalidInput(f"{field}.file", str(file.path), problem)
    return file


def _problem(path: Path, identity: Identity) -> str | None:
    """Why a file is no embedding for a model, in words; None if it is one."""
    if catalog.lookup(identity.name).random:
        return f"nothing for {identity.name}, which is for measuring"
    shapes = adapter_files.read_header(path).shapes
    if not shapes or (len(shapes) > 1 and not shapes.keys() <= _PARTS.keys()):
        return (
            "a textual inversion: a single tensor, or clip_l and clip_g for two text encoders; this "
            f"file has {len(shapes):,} tensors"
        )
    for name, shape in shapes.items():
        part = _PARTS.get(name, "text_encoder")
        config = identity.folder / part / "config.json"
        size = read_object(config).get("hidden_size") if config.is_file() else None
        if size is None:
            return f"an embedding for model {identity.name!r}, which has no {part} for it"
        if len(shape) not in (1, 2) or shape[-1] != size:
            return (
                f"an embedding for model {identity.name!r}, whose {part} has vectors of {size} "
                f"numbers; this one has {' x '.join(map(str, shape))}: it is for another family"
            )
    return None


@contextlib.contextmanager
def loaded(pipeline: Any, embeddings: Sequence[tuple[AdapterFile, str]]) -> Iterator[None]:
    """Add embeddings, each with its token, to a pipeline for a while; afterwards it is as before.

    Raises ModelError for a file that changed, and for a token that the model knows already.
    """
    if not embeddings:
        yield
        return
    if not hasattr(pipeline, "load_textual_inversion"):
        name = type(pipeline).__name__
        raise ModelError(f"diffusers loads no textual inversion into a {name}")
    with contextlib.ExitStack() as stack:
        for part in _PARTS.values():
            if getattr(pipeline, part, None) is not None:
                stack.enter_context(_vocabulary_kept(pipeline, part))
        for file, token in embeddings:
            _load(pipeline, file, token)
        yield


@contextlib.contextmanager
def _vocabulary_kept(pipeline: Any, part: str) -> Iterator[None]:
    """Give a text encoder a copy of its vocabulary for a while; the original is never touched."""
    encoder = getattr(pipeline, part)
    name = part.replace("text_encoder", "tokenizer")
    tokenizer = getattr(pipeline, name)
    vectors = encoder.get_input_embeddings()
    size = encoder.config.vocab_size
    # transformers notes the new size on the encoder too
    own_sizes = {key: value for key, value in vars(encoder).items() if key == "vocab_size"}
    vars(pipeline)[name] = copy.deepcopy(tokenizer)
    encoder.set_input_embeddings(copy.deepcopy(vectors))
    try:
        yield
    finally:
        vars(pipeline)[name] = tokenizer
        encoder.set_input_embeddings(vectors)
        encoder.config.vocab_size = size
        vars(encoder).pop("vocab_size", None)
        vars(encoder).update(own_sizes)


def _load(pipeline: Any, file: AdapterFile, token: str) -> None:
    from safetensors.torch import load_file

    adapter_files.check_unchanged(file)
    try:
        for name, vectors in load_file(file.path).items():
            part = _PARTS.get(name, "text_encoder")
            pipeline.load_textual_inversion(
                vectors,
                token=token,
                tokenizer=getattr(pipeline, part.replace("text_encoder", "tokenizer")),
                text_encoder=getattr(pipeline, part),
            )
    # diffusers refuses tokens, and files can be anything
    except Exception as error:
        raise ModelError(f"embedding {file.path} does not load: {first_line(error)}") from error
    finally:
        adapter_files.check_unchanged(file)
