"""Reads ComfyUI's graph of nodes in a picture, if a single sampler made it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard

from ..errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    # by name; each has `inputs`, a map
    Nodes = Mapping[str, dict[str, Any]]

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


def flat(graph: Mapping[str, object]) -> list[tuple[str, object]]:
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
    pairs: list[tuple[str, object]] = []
    for name, value in values.items():
        pairs.append((f"{name} of the graph", "not read") if value is None else (name, value))
    for name, usual in _WHOLE_PICTURE.items():
        if inputs.get(name, usual) != usual:
            pairs.append((name, inputs[name]))
    return pairs


def _is_node(node: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(node, dict) and isinstance(node.get("inputs"), dict)


def _sampler_inputs(nodes: Nodes) -> Mapping[str, object]:
    samplers = [node for node in nodes.values() if node.get("class_type") in _SAMPLERS]
    if len(samplers) != 1:
        raise InvalidInput(
            "picture",
            f"a PNG of ComfyUI with {len(samplers) or 'no'} KSampler nodes",
            "a graph with exactly one; others do not show what made the picture",
        )
    inputs: Mapping[str, object] = samplers[0]["inputs"]
    return inputs


def _linked_node(nodes: Nodes, link: object) -> dict[str, Any] | None:
    """The node at a link [name, output]; None for anything else."""
    if not isinstance(link, list) or len(link) != 2:
        return None
    return nodes.get(link[0]) if isinstance(link[0], str) else None


def _inputs_of(nodes: Nodes, link: object) -> Mapping[str, object]:
    """The inputs of the node at a link; empty for anything else."""
    node = _linked_node(nodes, link)
    return node["inputs"] if node else {}


def _literal(nodes: Nodes, value: object, names: tuple[str, ...]) -> object:
    """A number or text itself, or one of the linked node's inputs: the first of `names` there."""
    if node := _linked_node(nodes, value):
        inputs = node["inputs"]
        value = next((inputs[name] for name in names if name in inputs), None)
    return None if isinstance(value, list | dict) else value


def _text(nodes: Nodes, link: object) -> str | None:
    """The text of a conditioning: follows links to the node that encodes it."""
    for _ in range(DEPTH_LIMIT):
        node = _linked_node(nodes, link)
        if not node or not node["inputs"]:
            return None
        if node.get("class_type") == "ConditioningZeroOut":
            return ""
        inputs = node["inputs"]
        if "conditioning" not in inputs:
            return _only_text(nodes, inputs)
        link = inputs["conditioning"]
    return None


def _only_text(nodes: Nodes, inputs: Mapping[str, object]) -> str | None:
    """The text that a node encodes; None if it has none, or different ones."""
    values = [_literal(nodes, inputs.get(name), _TEXTS) for name in _TEXTS]
    texts = {value for value in values if isinstance(value, str)}
    return texts.pop() if len(texts) == 1 else None


def _model(nodes: Nodes, link: object) -> str | None:
    """The name of a checkpoint: follows links named `model` to the node that loads it."""
    for _ in range(DEPTH_LIMIT):
        inputs = _inputs_of(nodes, link)
        for name in ("ckpt_name", "unet_name"):
            value = inputs.get(name)
            if value and isinstance(value, str):
                return value
        link = inputs.get("model")
    return None
