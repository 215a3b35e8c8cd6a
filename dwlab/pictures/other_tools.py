"""Recipes that other tools keep as JSON in their pictures: the flat ones, and the plain graphs of ComfyUI."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput
from . import comfyui

if TYPE_CHECKING:
    from collections.abc import Mapping

Pairs = list[
    tuple[str, Any]
]  # their names and values, those that `recipes` has a word for and others

# their names -> the words of `recipes`
WORDS = {
    "prompt": "prompt", "positive_prompt": "prompt", "negative_prompt": "negative_prompt", "negativeprompt": "negative_prompt",
    "uc": "negative_prompt", "seed": "seed", "steps": "steps", "cfg": "guidance", "cfg_scale": "guidance",
    "cfgscale": "guidance", "guidance_scale": "guidance", "scale": "guidance", "sampler": "sampler",
    "sampler_name": "sampler", "scheduler": "schedule", "noise_schedule": "schedule", "width": "width", "height": "height",
    "resolution": "size", "model": "model", "base_model": "model",
}  # fmt: skip
INVOKE_WORDS = {**WORDS, "scheduler": "sampler"}


def read(texts: Mapping[str, str]) -> tuple[str, Pairs, Mapping[str, str]] | None:
    """(tool, pairs, words) out of a picture's texts; None if no tool of these wrote them.

    Raises InvalidInput, which names the tool, for what it wrote and cannot be read.
    """
    if "invokeai_metadata" in texts:
        values = _object(texts["invokeai_metadata"], "InvokeAI")
        model = values.get("model")
        return "InvokeAI", [*{**values, "model": _named(model)}.items()], INVOKE_WORDS
    if texts.get("Software") == "NovelAI":
        return "NovelAI", [*_object(texts.get("Comment", ""), "NovelAI").items()], WORDS
    parameters = _json(texts.get("parameters", ""))
    if isinstance(parameters, dict) and isinstance(parameters.get("sui_image_params"), dict):
        return "SwarmUI", [*parameters["sui_image_params"].items()], WORDS
    if isinstance(parameters, dict) and (
        texts.get("fooocus_scheme") == "fooocus" or "metadata_scheme" in parameters
    ):
        return "Fooocus", [*parameters.items()], WORDS
    if "prompt" in texts or "workflow" in texts:
        return "ComfyUI", comfyui.flat(_graph(texts)), WORDS
    for keyword, tool in _UNREAD.items():
        if keyword in texts:
            raise unreadable(tool, "an older form of its parameters")
    return None


_UNREAD = {"sd-metadata": "InvokeAI", "Dream": "InvokeAI", "generation_data": "TensorArt"}


def unreadable(tool: str, what: str) -> InvalidInput:
    """The refusal of a picture whose tool is known, but not what it wrote."""
    return InvalidInput(
        "picture",
        f"a PNG in which {tool} wrote {what}",
        "a recipe of dwlab, or of another tool in a form that dwlab reads",
    )


def _graph(texts: Mapping[str, str]) -> dict[str, Any]:
    if "prompt" not in texts:
        raise unreadable("ComfyUI", "a workflow without the graph of its run")
    return _object(texts["prompt"], "ComfyUI")


def _object(text: str, tool: str) -> dict[str, Any]:
    value = _json(text)
    if not isinstance(value, dict):
        raise unreadable(tool, "a text that is no JSON object")
    return value


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _named(model: Any) -> Any:
    """A model by its name, where a tool keeps it as a map."""
    return model.get("name") or model.get("model_name") if isinstance(model, dict) else model
