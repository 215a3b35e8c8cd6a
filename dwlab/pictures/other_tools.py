"""Recipes that other tools keep as JSON in their pictures: flat ones, and simple graphs of ComfyUI."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import InvalidInput
from . import comfyui

if TYPE_CHECKING:
    from collections.abc import Mapping

# other tools' names -> words of `recipe_values`, and "schedule"
WORDS = {
    "prompt": "prompt",
    "positive_prompt": "prompt",
    "negative_prompt": "negative_prompt",
    "negativeprompt": "negative_prompt",
    "uc": "negative_prompt",
    "seed": "seed",
    "steps": "steps",
    "cfg": "guidance",
    "cfg_scale": "guidance",
    "cfgscale": "guidance",
    "guidance_scale": "guidance",
    "scale": "guidance",
    "sampler": "sampler",
    "sampler_name": "sampler",
    "scheduler": "schedule",
    "noise_schedule": "schedule",
    "width": "width",
    "height": "height",
    "resolution": "size",
    "model": "model",
    "base_model": "model",
}
INVOKE_WORDS = {**WORDS, "scheduler": "sampler", "rand_device": "noise"}
# keywords of older forms that are not read, and the tools that wrote them
_OLD_FORMS = {"sd-metadata": "InvokeAI", "Dream": "InvokeAI", "generation_data": "TensorArt"}


@dataclass(frozen=True)
class Written:
    """What a tool wrote: names and values, and what its names mean (see WORDS)."""

    tool: str
    pairs: list[tuple[str, object]]
    words: Mapping[str, str]


def read(texts: Mapping[str, str]) -> Written | None:
    """What one of these tools wrote into a picture's texts; None if none of them did.

    Raises InvalidInput naming the tool if it did, but in a form that cannot be read.
    """
    if "invokeai_metadata" in texts:
        values = _object(texts["invokeai_metadata"], "InvokeAI")
        values["model"] = _model_name(values.get("model"))
        return Written("InvokeAI", list(values.items()), INVOKE_WORDS)
    if texts.get("Software") == "NovelAI":
        values = _object(texts.get("Comment", ""), "NovelAI")
        return Written("NovelAI", list(values.items()), WORDS)
    parameters = _json(texts.get("parameters", ""))
    if isinstance(parameters, dict):
        swarm = parameters.get("sui_image_params")
        if isinstance(swarm, dict):
            return Written("SwarmUI", list(swarm.items()), WORDS)
        if texts.get("fooocus_scheme") == "fooocus" or "metadata_scheme" in parameters:
            return Written("Fooocus", list(parameters.items()), WORDS)
    if "prompt" in texts or "workflow" in texts:
        return Written("ComfyUI", comfyui.flat(_graph(texts)), WORDS)
    for keyword, tool in _OLD_FORMS.items():
        if keyword in texts:
            raise unreadable(tool, "an older form of its parameters")
    return None


def unreadable(tool: str, what: str) -> InvalidInput:
    """The error for a picture of a known tool in a form that cannot be read."""
    return InvalidInput(
        "picture",
        f"a PNG in which {tool} wrote {what}",
        "a recipe of dwlab, or of another tool in a form that dwlab reads",
    )


def _graph(texts: Mapping[str, str]) -> dict[str, object]:
    if "prompt" not in texts:
        raise unreadable("ComfyUI", "a workflow without the graph of its run")
    return _object(texts["prompt"], "ComfyUI")


def _object(text: str, tool: str) -> dict[str, object]:
    value = _json(text)
    if not isinstance(value, dict):
        raise unreadable(tool, "a text that is not a JSON object")
    return value


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _model_name(model: object) -> object:
    """The name of a model that may be a map."""
    if isinstance(model, dict):
        return model.get("name") or model.get("model_name")
    return model
