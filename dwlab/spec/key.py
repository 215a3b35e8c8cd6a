"""A picture's key: the hash of everything that decides what the picture looks like.

`key_document` defines what goes into a key. `key_of` computes the same key faster, because planning
a large sweep takes the keys of 100,000 cells.
"""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NotRequired, TypedDict

from . import ip_adapters
from .family import TRUE_CFG
from .long_prompts import ERROR
from .modes import mode
from .names import FILES

if TYPE_CHECKING:
    from collections.abc import Hashable

    from .family import Omission
    from .params import GenerationParams

TEMPLATES_KEPT = 4096
_to_json = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


class KeyDocument(TypedDict):
    """What a picture's key is the hash of."""

    params: dict[str, object]
    weights: str
    dtype: str
    mode: NotRequired[str]
    negative_prompt: NotRequired[str]
    adapters: NotRequired[str]
    guidance: NotRequired[str]
    control: NotRequired[list[dict[str, object]]]
    ip_adapter: NotRequired[list[dict[str, object]]]
    refiner: NotRequired[list[dict[str, object]]]
    method: NotRequired[dict[str, object]]
    scheduler_code: NotRequired[str]
    pipeline: NotRequired[str]


def key_document(
    params: GenerationParams,
    weights: str,
    dtype: str,
    exact: int | None = None,
    omission: Omission | None = None,
    adapters: str = "",
) -> KeyDocument:
    """What goes into a picture's key.

    params: what was asked for; parameters that are empty are left out (`GenerationParams.as_dict`).
    weights: the fingerprint of the model's weights and configs, which stands for `model` and
        `config`.
    dtype: the one that is computed in, which stands for the one that was asked for.
    exact: the rows of each forward in exact mode, or None in close mode.
    omission: what the model does without a negative prompt, if not the same as with an empty one.
    adapters: hashes and weights of adapters, which stand for their files; empty without any.
    """
    recipe = params.as_dict()
    recipe.pop("model")
    # the fingerprint says which form of the weights was loaded, in how many bits and with which configs
    for name in ("dtype", "quantisation", "variant", "config", "control", *FILES):
        recipe.pop(name, None)
    # refusing long prompts changes no picture
    if params.long_prompt == ERROR:
        recipe.pop("long_prompt")
    document: KeyDocument = {"params": recipe, "weights": weights, "dtype": dtype}
    if exact:
        document["mode"] = mode(exact)
    if _is_negative_omitted(params, omission):
        # older versions passed an empty text here, and the keys of their pictures have no such note
        document["negative_prompt"] = "omitted"
    if adapters:
        document["adapters"] = adapters
    if _is_scale_from_guidance(params, omission):
        # older versions left the pipeline's own scale, whatever the recipe's guidance was
        document["guidance"] = TRUE_CFG
    _add_files_and_code(document, params)
    return document


def _add_files_and_code(document: KeyDocument, params: GenerationParams) -> None:
    """Add what stands for files and code, whose paths say nothing."""
    if params.control:
        document["control"] = [control.for_key() for control in params.control]
    if shown := ip_adapters.acting(params.ip_adapter):
        document["ip_adapter"] = [adapter.for_key() for adapter in shown]
    if params.refiner:
        document["refiner"] = [refiner.for_key() for refiner in params.refiner]
    if params.method is not None:
        document["method"] = params.method.for_key()
    if params.scheduler_code is not None:
        document["scheduler_code"] = params.scheduler_code.for_key()
    if params.pipeline is not None:
        document["pipeline"] = params.pipeline.for_key()


def hash_of(document: KeyDocument) -> str:
    """The key that belongs to a document: the SHA-256 of its JSON with sorted names."""
    return hashlib.sha256(_to_json(document).encode()).hexdigest()


def key_of(
    params: GenerationParams,
    weights: str,
    dtype: str,
    exact: int | None = None,
    omission: Omission | None = None,
    adapters: str = "",
) -> str:
    """The same as `hash_of(key_document(...))`, from a template that cells of one kind share."""
    is_omitted = _is_negative_omitted(params, omission)
    is_scale = _is_scale_from_guidance(params, omission)
    kind = (weights, dtype, exact, is_omitted, is_scale, adapters, params.kind())
    template = _TEMPLATES.get(kind)
    if template is None:
        document = key_document(params, weights, dtype, exact, omission, adapters)
        template = _remember(kind, _template_of(document))
    return hashlib.sha256(template.filled(params.prompt, params.seed).encode()).hexdigest()


@dataclass(frozen=True)
class _KeyTemplate:
    """The JSON of a key document without the values of prompt and seed."""

    before_prompt: str
    before_seed: str
    after_seed: str

    def filled(self, prompt: str, seed: int) -> str:
        return (
            f"{self.before_prompt}{_prompt_json(prompt)}{self.before_seed}{seed}{self.after_seed}"
        )


_TEMPLATES: dict[Hashable, _KeyTemplate] = {}


def _remember(kind: Hashable, template: _KeyTemplate) -> _KeyTemplate:
    if len(_TEMPLATES) >= TEMPLATES_KEPT:
        _TEMPLATES.clear()
    _TEMPLATES[kind] = template
    return template


def _template_of(document: KeyDocument) -> _KeyTemplate:
    # NaN marks the two gaps: no parameter can be NaN, and in a text the quotes would be escaped
    gaps = {"prompt": float("nan"), "seed": float("nan")}
    text = _to_json({**document, "params": {**document["params"], **gaps}})
    start, prompt_name, rest = text.partition('"prompt":NaN')
    middle, seed_name, end = rest.partition('"seed":NaN')
    return _KeyTemplate(
        before_prompt=start + prompt_name.removesuffix("NaN"),
        before_seed=middle + seed_name.removesuffix("NaN"),
        after_seed=end,
    )


# prompts repeat from cell to cell
_prompt_json = functools.lru_cache(_to_json)


def _is_negative_omitted(params: GenerationParams, omission: Omission | None) -> bool:
    """Whether the picture depends on its negative prompt being left out."""
    if omission is None or params.negative is not None:
        return False
    return omission.shows(params.guidance, params.call)


def _is_scale_from_guidance(params: GenerationParams, omission: Omission | None) -> bool:
    """Whether the recipe's guidance makes another picture than the call's own true CFG."""
    if omission is None or params.negative is None:
        return False
    return omission.is_scale_from_guidance(params.guidance, params.call)
