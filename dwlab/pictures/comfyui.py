"""Reads ComfyUI's graph of nodes in a picture, if a single sampler made it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

DEPTH_LIMIT = 20  # links to follow from a sampler
_SAMPLERS = ("KSampler", "KSamplerAdvanced")
_NUMBERS = ("seed", "noise_seed", "value", "int", "number")
_TEXTS = ("text", "text_g", "string", "value", "prompt")
# settings of a sampler that makes the whole picture
_WHOLE_PICTURE = {
    "denoise": 1,
    "add_noise": "enable",
    "start_at_step": 0,
    "return_with_leftover_noise": "disable",
}


def flat(graph: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Names and values of a graph's only sampler; "not read" for what is linked in unknown ways.

    Raises InvalidInput for a graph with no known sampler, or with several.
    """
    nodes = {name: node for name, node in graph.items() if _is_node(node)}
    inputs = _sampler_inputs(nodes)
    latent = _inputs_of(nodes, inputs.get("latent_image"))
    values = {
        "prompt": _text(nodes, inputs.get("positive")),
        "negative_prompt": _text(nodes, inputs.get("negative")),
        "seed": _literal(nodes, inputs.get("seed", inputs.get("noise_seed")), _NUMBERS),
        "steps": _literal(nodes, inputs.get("steps"), ("steps", *_NUMBERS)),
        "cfg": _literal(nodes, inputs.get("cfg"), ("cfg", *_NUMBERS)),
        "sampler_name": _literal(nodes, inputs.get("sampler_name"), ("sampler_name",)),
        "scheduler": _literal(nodes, inputs.get("scheduler"), ("scheduler",)),
        "width": _literal(nodes, latent.get("width"), _NUMBERS),
        "height": _literal(nodes, latent.get("height"), _NUMBERS),
        "model": _model(nodes, inputs.get("model")),
    }
    pairs: list[tuple[str, Any]] = []
    for name, value in values.items():
        pairs.append((f"{name} of the graph", "not read") if value is None else (name, value))
    for name, usual in _WHOLE_PICTURE.items():
        if inputs.get(name, usual) != usual:
            pairs.append((name, inputs[name]))
    return pairs


def _is_node(node: object) -> bool:
    return isinstance(node, dict) and isinstance(node.get("inputs"), dict)


def _sampler_inputs(nodes: Mapping[str, Any]) -> dict[str, Any]:
    samplers = [node for node in nodes.values() if node.get("class_type") in _SAMPLERS]
    if len(samplers) != 1:
        raise InvalidInput(
            "picture",
            f"a PNG of ComfyUI with {len(samplers) or 'no'} KSampler nodes",
            "a graph with exactly one; others do not show what made the picture",
        )
    inputs: dict[str, Any] = samplers[0]["inputs"]
    return inputs


def _inputs_of(nodes: Mapping[str, Any], link: Any) -> dict[str, Any]:
    """The inputs of the node at a link [name, output]; empty for anything else."""
    inputs: dict[str, Any] = nodes[link[0]]["inputs"] if _is_link(nodes, link) else {}
    return inputs


def _is_link(nodes: Mapping[str, Any], value: Any) -> bool:
    if not isinstance(value, list) or len(value) != 2:
        return False
    return isinstance(value[0], str) and value[0] in nodes


def _literal(nodes: Mapping[str, Any], value: Any, names: tuple[str, ...]) -> Any:
    """A number or text itself, or one of the linked node's inputs: the first of `names` there."""
    if _is_link(nodes, value):
        inputs = _inputs_of(nodes, value)
        value = next((inputs[name] for name in names if name in inputs), None)
    return None if isinstance(value, list | dict) else value


def _text(nodes: Mapping[str, Any], link: Any) -> str | None:
    """The text of a conditioning: follows links to the node that encodes it."""
    for _ in range(DEPTH_LIMIT):
        inputs = _inputs_of(nodes, link)
        if not inputs:
            return None
        if nodes[link[0]].get("class_type") == "ConditioningZeroOut":
            return ""
        if "conditioning" not in inputs:
            return _only_text(nodes, inputs)
        link = inputs["conditioning"]
    return None


def _only_text(nodes: Mapping[str, Any], inputs: Mapping[str, Any]) -> str | None:
    """The text that a node encodes; None if it has none, or different ones."""
    values = [_literal(nodes, inputs.get(name), _TEXTS) for name in _TEXTS]
    texts = {value for value in values if isinstance(value, str)}
    return texts.pop() if len(texts) == 1 else None


def _model(nodes: Mapping[str, Any], link: Any) -> str | None:
    """The name of a checkpoint: follows links named `model` to the node that loads it."""
    for _ in range(DEPTH_LIMIT):
        inputs = _inputs_of(nodes, link)
        for name in ("ckpt_name", "unet_name"):
            value = inputs.get(name)
            if value and isinstance(value, str):
                return value
        link = inputs.get("model")
    return None
