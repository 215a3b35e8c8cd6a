"""Recipes with the hashes of the files that they name: parts, pictures, ControlNets and adapters."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..models import adapters, components
from ..models.controlnets import with_weights
from ..models.identity import Identity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..models.controlnets import ControlNet
    from ..pictures.inputs import Inputs
    from ..spec.params import GenerationParams

KnownAdapters = dict[tuple[adapters.Asked, Identity], tuple[adapters.Asked, adapters.Adapters]]


def with_parts(params: GenerationParams, identity: Identity) -> GenerationParams:
    """Parameters with the hashes of the parts that come from elsewhere."""
    if not params.parts:
        return params
    others = tuple(components.filled(part, identity.parts) for part in params.components)
    if params.vae is None:
        return params.replace(components=others)
    return params.replace(vae=components.filled(params.vae, identity.parts), components=others)


def with_control(
    params: GenerationParams, inputs: Inputs, nets: Sequence[ControlNet]
) -> GenerationParams:
    """Parameters with the hashes of their ControlNets and of the pictures that these see."""
    if not params.control:
        return params
    controls = []
    for index, control in enumerate(params.control):
        picture = inputs.take(f"control[{index}].image", control.image).reference
        controls.append(replace(control, image=picture))
    return with_weights(params.replace(control=tuple(controls)), nets)


def with_shown(params: GenerationParams, inputs: Inputs) -> GenerationParams:
    """Parameters with the hashes of the pictures that IP-Adapters show."""
    if not params.ip_adapter:
        return params
    shown = []
    for index, adapter in enumerate(params.ip_adapter):
        field = f"ip_adapter[{index}].image"
        pictures = tuple(inputs.take(field, source).reference for source in adapter.image)
        shown.append(replace(adapter, image=pictures))
    return params.replace(ip_adapter=tuple(shown))


def with_adapters(
    params: GenerationParams, identity: Identity, known: KnownAdapters
) -> tuple[GenerationParams, adapters.Adapters]:
    """Parameters with the hashes of their adapters, and the adapters.

    known: those that were found before, because most cells have the same.
    """
    if not (params.loras or params.embeddings or params.ip_adapter):
        return params, adapters.NONE
    asked = (adapters.Asked(params.loras, params.embeddings, params.ip_adapter), identity)
    if asked not in known:
        known[asked] = adapters.find(*asked)
    named, added = known[asked]
    return params.replace(**vars(named)), added
