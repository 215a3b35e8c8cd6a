"""What loaded parts of transformers need to work with diffusers and with several threads."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

from .._util.subclass import add_members

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_tokenizing = threading.Lock()
_hiding = threading.local()


def restore_moved_modules() -> None:
    """Let diffusers find a module of its own by the name that models of the hub know it by.

    The index of Stable Cascade says `wuerstchen`, which diffusers 0.42.1 moved without an alias.
    """
    from diffusers import pipelines

    if not hasattr(pipelines, "wuerstchen"):
        from diffusers.pipelines.deprecated import wuerstchen

        pipelines.wuerstchen = wuerstchen


def patch_parts(pipeline: Any, patched: Collection[str] = ()) -> None:
    """Patch a freshly loaded pipeline's tokenizers and text encoders in place.

    patched: those that were before, as parts of another pipeline.
    """
    for name, part in pipeline.components.items():
        if name in patched:
            continue
        if name.startswith("tokenizer") and part is not None:
            _make_thread_safe(part)
        elif name.startswith("text_encoder"):
            _add_text_model(part)


def _make_thread_safe(tokenizer: Any) -> None:
    """Let one thread at a time call a tokenizer, which stores a call's padding and truncation."""
    stock_call = type(tokenizer).__call__

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        with _tokenizing:
            return stock_call(self, *args, **kwargs)

    add_members(tokenizer, __call__=call)


def _add_text_model(encoder: Any) -> None:
    """Give a CLIP text encoder the attribute `text_model`.

    diffusers reads it for clip_skip, and newer versions of transformers no longer have it.
    """
    has_text_model = hasattr(encoder, "text_model")
    is_clip = hasattr(encoder, "final_layer_norm")
    if is_clip and not has_text_model:
        add_members(encoder, text_model=property(_text_model))


def _text_model(encoder: Any) -> Any:
    if getattr(_hiding, "text_model", False):
        raise AttributeError("text_model")
    return encoder


@contextlib.contextmanager
def without_text_model() -> Iterator[None]:
    """Hide the attribute `text_model` in this thread for a while.

    By it diffusers recognizes the older encoders, whose layers LoRA files name in another way.
    """
    _hiding.text_model = True
    try:
        yield
    finally:
        _hiding.text_model = False
