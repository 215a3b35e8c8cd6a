"""ComfyUI's graph of nodes, as it lies in a picture: read where one sampler made it and nothing is ambiguous."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

DEPTH_LIMIT = 20  # links from a sampler to what it is told
_SAMPLERS = ("KSampler", "KSamplerAdvanced")
_NUMBERS = ("seed", "noise_seed", "value", "int", "number")
_TEXTS = ("text", "text_g", "string", "value", "prompt")
_WHOLE = {
    "denoise": 1,
    "add_noise": "enable",
    "start_at_step": 0,
    "return_with_leftover_noise": "disable",
}


def flat(graph: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """What the one sampler of a graph was told, as names and values; what is linked in other ways is "not read".

    Raises InvalidInput for a graph without a sampler that is known, or with several.
    """
    nodes = {
        name: node
        for name, node in graph.items()
        if isinstance(node, dict) and isinstance(node.get("inputs"), dict)
    }
    samplers = [node for node in nodes.values() if node.get("class_type") in _SAMPLERS]
    if len(samplers) != 1:
        raise InvalidInput(
            "picture",
            f"a PNG of ComfyUI with {len(samplers) or 'no'} KSampler nodes",
            "a graph with exactly one; of others it cannot be told what made the picture",
        )
    inputs = samplers[0]["inputs"]
    pairs = [
        ("prompt", _text(nodes, inputs.get("positive"))),
        ("negative_prompt", _text(nodes, inputs.get("negative"))),
        ("seed", _literal(nodes, inputs.get("seed", inputs.get("noise_seed")), _NUMBERS)),
        *(
            (name, _literal(nodes, inputs.get(name), (name, *_NUMBERS)))
            for name in ("steps", "cfg")
        ),
        *(
            (name, _literal(nodes, inputs.get(name), (name,)))
            for name in ("sampler_name", "scheduler")
        ),
    ]
    latent, model = (
        _node(nodes, inputs.get("latent_image")),
        _upwards(nodes, inputs.get("model"), "model", "ckpt_name", "unet_name"),
    )
    pairs += [(name, _literal(nodes, latent.get(name), _NUMBERS)) for name in ("width", "height")]
    pairs.append(("model", model))
    pairs += [
        (name, inputs[name]) for name, usual in _WHOLE.items() if inputs.get(name, usual) != usual
    ]
    return [
        (f"{name} of the graph", "not read") if value is None else (name, value)
        for name, value in pairs
    ]


def _node(nodes: Mapping[str, Any], link: Any) -> dict[str, Any]:
    """The inputs of the node at a link [name, output]; empty for anything else."""
    inputs: dict[str, Any] = nodes[link[0]]["inputs"] if _is_link(nodes, link) else {}
    return inputs


def _is_link(nodes: Mapping[str, Any], value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], str)
        and value[0] in nodes
    )


def _literal(nodes: Mapping[str, Any], value: Any, names: tuple[str, ...]) -> Any:
    """A number or text as it stands, or as the one node that is linked for it has it under one of `names`."""
    if _is_link(nodes, value):
        inputs = _node(nodes, value)
        value = next((inputs[name] for name in names if name in inputs), None)
    return None if isinstance(value, list | dict) else value


def _text(nodes: Mapping[str, Any], link: Any) -> str | None:
    """The words of a conditioning: through nodes that pass on one, to the node that encodes a text."""
    for _ in range(DEPTH_LIMIT):
        inputs = _node(nodes, link)
        if not inputs:
            return None
        if nodes[link[0]].get("class_type") == "ConditioningZeroOut":
            return ""
        if "conditioning" not in inputs:
            words = {
                text
                for text in (_literal(nodes, inputs.get(name), _TEXTS) for name in _TEXTS)
                if isinstance(text, str)
            }
            return words.pop() if len(words) == 1 else None
        link = inputs["conditioning"]
    return None


def _upwards(nodes: Mapping[str, Any], link: Any, name: str, *wanted: str) -> Any:
    """The first of `wanted` on the way up the links of one name."""
    for _ in range(DEPTH_LIMIT):
        inputs = _node(nodes, link)
        if value := next((inputs[key] for key in wanted if isinstance(inputs.get(key), str)), None):
            return value
        link = inputs.get(name)
    return None
