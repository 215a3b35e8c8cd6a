"""How near dwlab comes to another tool's picture: one switch after the other, measured each time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import InvalidInput
from ...events import Done, Failed
from ...models.arguments import check_arguments
from ...models.identity import identify
from ...pictures import foreign_settings
from ...pictures.distance import Distance, distance
from ...pictures.foreign_settings import Group
from ...pictures.picture import Picture
from ...runs.generation import stream
from ...spec.param_checks import CUDA_NOISE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from PIL import Image

    from ...pictures.recipes import Recipe
    from ...spec.params import GenerationParams
    from .evidence import Evidence

_LINSPACE = {"timestep_spacing": "linspace"}
# beside which the last picture is drawn once more
_COMPANY = {"prompt": "something else", "seed": 1}


@dataclass(frozen=True)
class Rung:
    """A picture of dwlab's, and how far it is from the other tool's.

    label: the switch that it adds to those before it. distance: None if there is none to measure;
    reason: why.
    """

    label: str
    distance: Distance | None
    reason: str = ""


def climb(evidence: Evidence, model: str, device: str = "auto") -> list[Rung]:
    """Draw another tool's picture with a model, adding one switch of dwlab's after the other.

    The last rung is the floor: how far the last picture is from itself drawn beside another one.
    Raises InvalidInput and ModelError, for a model that cannot be used.
    """
    params, _ = evidence.recipe.fit(model)
    params = params.replace(model=model)
    labels = ["as dwlab reads the recipe"]
    steps = [params]
    identity = identify(model, device)
    for label, changes in _switches(evidence.recipe, params):
        switched = _switched(steps[-1], changes)
        try:
            check_arguments([switched], identity)
        # the model or its scheduler has no such switch
        except InvalidInput:
            continue
        labels.append(f"+ {label}")
        steps.append(switched)
    images = _drawn(steps, device, pack=1)
    rungs = [
        _measured(label, image, evidence.image) for label, image in zip(labels, images, strict=True)
    ]
    return [*rungs, _floor(steps[-1], images[-1], device)]


def _switches(recipe: Recipe, params: GenerationParams) -> Iterator[tuple[str, dict[str, Any]]]:
    """What may bring a picture nearer, with its changes of the parameters."""
    settings = foreign_settings.verdicts(recipe)
    if any(
        verdict.setting == "starting noise" and verdict.group is Group.SWITCH
        for verdict in settings
    ):
        yield f"noise: {CUDA_NOISE}", {"noise": CUDA_NOISE}
    if recipe.tool in foreign_settings.K_DIFFUSION:
        yield "timestep_spacing: linspace", {"scheduler_options": _LINSPACE}
        if params.negative is None:
            yield 'negative_prompt: ""', {"call": {"negative_prompt": ""}}
    if foreign_settings.has_weights(f"{params.prompt} {params.negative_prompt}"):
        yield "prompt_weighting: compel", {"prompt_weighting": "compel"}


def _switched(params: GenerationParams, changes: Mapping[str, Any]) -> GenerationParams:
    """`params` with changes; maps are added to."""
    merged = {
        name: {**getattr(params, name), **value} if isinstance(value, dict) else value
        for name, value in changes.items()
    }
    return params.replace(**merged)


def _drawn(cells: Sequence[GenerationParams], device: str, pack: int) -> list[Image.Image | str]:
    """The picture of each cell, or why it failed."""
    drawn: dict[int, Image.Image | str] = {}
    for event in stream(cells, device=device, pack=pack):
        if isinstance(event, Done) and isinstance(event.result, Picture):
            drawn[event.index] = event.result.image
        elif isinstance(event, Failed):
            drawn[event.index] = event.error
    return [drawn[index] for index in range(len(cells))]


def _measured(label: str, image: Image.Image | str, other: Image.Image) -> Rung:
    if isinstance(image, str):
        return Rung(label, None, f"failed: {image}")
    measured = distance(image, other)
    if measured is None:
        width, height = image.size
        return Rung(label, None, f"another size: {width}x{height}")
    return Rung(label, measured)


def _floor(params: GenerationParams, alone: Image.Image | str, device: str) -> Rung:
    label = "floor: the last one, drawn beside another"
    if isinstance(alone, str):
        return Rung(label, None, "failed")
    together = _drawn([params, params.replace(**_COMPANY)], device, pack=2)[0]
    return _measured(label, together, alone)
