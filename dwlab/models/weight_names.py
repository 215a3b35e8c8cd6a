"""The names of files of weights: plain ones, those of a variant (fp16), shards and their indexes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_STEM = r"(diffusion_pytorch_model|pytorch_model|model)"
_SHARD = r"-\d+-of-\d+"
# names of weights in diffusers and transformers, without those of a variant
_PLAIN = re.compile(rf"{_STEM}({_SHARD})?\.safetensors(\.index\.json)?")
# both places where diffusers and transformers put the number of a shard
_OF_VARIANT = re.compile(
    rf"{_STEM}({_SHARD}\.(?P<older>[\w-]+?)|\.(?P<whole>[\w-]+?)({_SHARD})?)\.safetensors"
    rf"|{_STEM}\.safetensors\.index\.(?P<index>[\w-]+)\.json"
)


def base_name(name: str) -> str:
    """The last part of a path on the hub."""
    return name.rsplit("/", 1)[-1]


def variant_of(name: str) -> str | None:
    """The variant in the name of a file of weights: fp16 in model.fp16.safetensors, or None."""
    match = _OF_VARIANT.fullmatch(base_name(name))
    return match and (match["older"] or match["whole"] or match["index"])


def variants_in(names: Iterable[str]) -> list[str]:
    """The variants that some files are of."""
    return sorted({variant for name in names if (variant := variant_of(name))})


def chosen(names: Collection[str], variant: str | None) -> list[str]:
    """The files of a part that a loader takes: those of the variant, or the plain ones without it."""
    of_variant = [name for name in names if variant and variant_of(name) == variant]
    return of_variant or [name for name in names if _PLAIN.fullmatch(base_name(name))]


def no_such_variant(model: str, variant: str, names: Iterable[str]) -> InvalidInput:
    """The error for a variant that no part of a model has. names: of its files."""
    others = variants_in(names)
    allowed = f"left out, or {', '.join(others)}" if others else "left out"
    return InvalidInput("variant", variant, f"{allowed}, for model {model!r}")
