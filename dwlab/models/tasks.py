"""Which pipeline a recipe needs: made from the loaded one, with the same parts in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput
from ..spec import catalog, families, tasks
from . import controlnets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..spec.model_entry import Entry
    from ..spec.params import GenerationParams
    from .controlnets import ControlNet
    from .identity import Identity
    from .loading import Model


def check_tasks(cells: Iterable[GenerationParams], identity: Identity) -> None:
    """Raise InvalidInput for a recipe that the model's family cannot do, naming what it can."""
    entry = catalog.lookup(str(identity.folder))
    cls = entry.pipeline
    for params in cells:
        task = tasks.task_of(params)
        doing = tasks.pipeline_for(cls, task)
        if params.control and doing is not None:
            doing = _check_control(params, cls, task)
        kind = f"model {params.model!r} ({cls or 'of no known class'})"
        if entry.needs is not None and task != entry.needs:
            doing = None
        if doing is None and task != tasks.INPAINTING:
            _check_needed_picture(params, entry, kind)
        if doing is None and task == tasks.TEXT:
            continue
        if doing is None:
            raise _cannot(params, cls, kind)
        if params.strength is not None and doing not in tasks.STRENGTHS:
            allowed = f"left out for {kind}, which takes its picture as a whole"
            raise InvalidInput("strength", params.strength, allowed)
        _check_mask(params, doing)


def _check_control(params: GenerationParams, cls: str | None, task: str) -> str:
    """The class for a recipe with ControlNets; raises InvalidInput if there is none."""
    doing = tasks.with_control(cls, task)
    if doing is None:
        able = ", ".join(tasks.CONTROLLED)
        allowed = f"left out for model {params.model!r} ({cls}); these take ControlNets: {able}"
        raise InvalidInput("control", [each.as_dict() for each in params.control], allowed)
    return doing


def _check_needed_picture(params: GenerationParams, entry: Entry, kind: str) -> None:
    """Raise InvalidInput if a model cannot draw without a picture, or a mask, that is not there."""
    family = families.of(entry.pipeline or "")
    needs = entry.needs or (family.needs if family else None)
    if needs == tasks.INPAINTING:
        allowed = "a picture that is white where the image is to be made anew, beside image; "
        allowed += f"{kind} is an inpainting model and does nothing else"
        raise InvalidInput("mask", None, allowed)
    if needs == tasks.IMAGE and params.image is None:
        raise InvalidInput("image", None, f"a picture, because {kind} does not draw without one")


def _cannot(params: GenerationParams, cls: str | None, kind: str) -> InvalidInput:
    """The error for a task that the family has no class for."""
    field = "image" if params.mask is None else "mask"
    can = ", ".join(tasks.tasks_of(cls)) or tasks.IN_WORDS[tasks.TEXT]
    allowed = f"left out for {kind}, which can do {can} only"
    return InvalidInput(field, str(getattr(params, field)), allowed)


def _check_mask(params: GenerationParams, doing: str) -> None:
    """Raise InvalidInput for settings of a mask that the class does not take."""
    if params.mask_padding is not None and doing in tasks.WITHOUT_PADDING:
        allowed = f"left out for model {params.model!r}, because {doing} takes none"
        raise InvalidInput("mask_padding", params.mask_padding, allowed)


def complete_task(params: GenerationParams, identity: Identity) -> GenerationParams:
    """`params` with the strength that the pipeline's call takes by default.

    Raises InvalidInput for a strength that leaves no step to run.
    """
    cls = catalog.lookup(str(identity.folder)).pipeline
    task = tasks.task_of(params)
    doing = tasks.with_control(cls, task) if params.control else tasks.pipeline_for(cls, task)
    strength = params.strength
    if strength is None:
        strength = tasks.STRENGTHS.get(doing or "")
    if strength is None:
        return params
    if tasks.steps_run(params.steps, strength, doing) < 1:
        least = f"{1 / params.steps:.4g}"
        allowed = f"at least {least}: of {params.steps} steps this leaves none to run"
        raise InvalidInput("strength", strength, allowed)
    return params if params.strength is not None else params.replace(strength=strength)


def pipeline_for(model: Model, task: str, nets: Sequence[ControlNet] = ()) -> Model:
    """The loaded model with the pipeline for a task; for a text alone it stays as it is.

    Its parts are those of the loaded pipeline: nothing is copied, cast or moved. nets: what it is
    controlled by. Raises ModelError for one that does not load.
    """
    loaded = type(model.pipeline).__name__
    if nets:
        parts = {"controlnet": controlnets.loaded(nets, model.identity)}
        name = str(tasks.with_control(loaded, task))
        return replace(model, pipeline=_with_parts_of(model.pipeline, name, parts))
    doing = tasks.pipeline_for(loaded, task)
    if task == tasks.TEXT or doing in (None, loaded):
        return model
    return replace(model, pipeline=_with_parts_of(model.pipeline, str(doing)))


def _with_parts_of(pipeline: Any, name: str, more: Mapping[str, Any] | None = None) -> Any:
    import diffusers

    cls = getattr(diffusers, name)
    # not `from_pipe`, which casts all parts to one dtype
    names, options = cls._get_signature_keys(cls)  # as `from_pipe` reads them
    parts = {part: pipeline.components.get(part) for part in names}
    settings = {key: value for key, value in pipeline.config.items() if key in options}
    made = cls(**parts | dict(more or {}), **settings)
    made.set_progress_bar_config(disable=True)
    return made
