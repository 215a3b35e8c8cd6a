"""Options that add files to a model: LoRAs, textual inversions and parts from elsewhere."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ..errors import InvalidInput

ADDED = "Added to the model"  # a group of options

LoraOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FILE[:WEIGHT]",
        help="A LoRA (.safetensors), and how strongly it acts, -10 to 10 (default: 1).",
        rich_help_panel=ADDED,
    ),
]
EmbeddingOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TOKEN=FILE",
        help="A textual inversion (.safetensors), and the word that stands for it in the prompt.",
        rich_help_panel=ADDED,
    ),
]
VaeOption = Annotated[
    str | None,
    typer.Option(
        help="Another VAE than the model's: a folder, a .safetensors file or a hub id.",
        metavar="MODEL",
        rich_help_panel=ADDED,
    ),
]
ComponentOption = Annotated[
    list[str] | None,
    typer.Option(
        "--part",
        "--component",
        metavar="PART=SOURCE",
        help="Another part of the model, like unet=runs/a/checkpoint-500.",
        rich_help_panel=ADDED,
    ),
]


def loras(options: list[str]) -> list[dict[str, Any]]:
    """The LoRAs of `--lora`, as a recipe names them."""
    return [_lora(text) for text in options]


def _lora(text: str) -> dict[str, Any]:
    file, separator, weight = text.rpartition(":")
    # a path may have a colon too
    if not separator or not file or weight.endswith(".safetensors"):
        return {"file": text}
    try:
        return {"file": file, "weight": float(weight)}
    except ValueError:
        allowed = "FILE or FILE:WEIGHT, like style.safetensors:0.8"
        raise InvalidInput("--lora", text, allowed) from None


def embeddings(options: list[str]) -> list[dict[str, str]]:
    """The textual inversions of `--embedding`; raises InvalidInput for one without a token."""
    pairs = [_pair("--embedding", text, "TOKEN=FILE") for text in options]
    return [{"token": token, "file": file} for token, file in pairs]


def components(options: list[str]) -> dict[str, str]:
    """The parts of `--part`; raises InvalidInput for one without a source, or named twice."""
    sources: dict[str, str] = {}
    for text in options:
        part, source = _pair("--part", text, "PART=SOURCE")
        if part in sources:
            raise InvalidInput("--part", text, f"{part} only once")
        sources[part] = source
    return sources


def _pair(option: str, text: str, form: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    if not name or not value:
        raise InvalidInput(option, text, form)
    return name, value
