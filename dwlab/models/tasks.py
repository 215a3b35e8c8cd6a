"""Which pipeline a recipe needs: made from the loaded one, with the same parts in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput
from ..spec import catalog, control_kinds, families, tasks
from . import loaded_nets
from .settings import place_net

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..spec.control_kinds import ControlKind
    from ..spec.model_entry import Entry
    from ..spec.params import GenerationParams
    from .controlnets import ControlNet, Nets
    from .identity import Identity
    from .loading import Model


def check_tasks(cells: Iterable[GenerationParams], identity: Identity, nets: Nets) -> None:
    """Raise InvalidInput for a recipe that the model's family cannot do, naming what it can.

    nets: looks for the ControlNets, and raises what their files deserve.
    """
    entry = catalog.lookup(str(identity.folder))
    cls = entry.pipeline
    for params in cells:
        _check_sides(params, entry)
        task = tasks.task_of(params)
        doing = tasks.pipeline_for(cls, task)
        if params.control and doing is not None:
            doing = _check_control(params, cls, task, nets.of(params))
        kind = f"model {params.model!r} ({cls or 'of no known class'})"
        if entry.needs is not None and task != entry.needs:
            doing = None
        if task == entry.excludes:
            allowed = f"left out for {kind}: its family inpaints with another model, of "
            allowed += f"{tasks.INPAINTING_CHANNELS} channels"
            raise InvalidInput("mask", str(params.mask), allowed)
        if doing is None and task != tasks.INPAINTING:
            _check_needed_picture(params, entry, kind)
        if doing is None and task == tasks.TEXT:
            continue
        if doing is None:
            raise _cannot(params, cls, kind, entry.needs)
        if params.strength is not None and doing not in tasks.STRENGTHS:
            allowed = f"left out for {kind}, which takes its picture as a whole"
            raise InvalidInput("strength", params.strength, allowed)
        _check_mask(params, doing)


def _check_sides(params: GenerationParams, entry: Entry) -> None:
    """Raise InvalidInput for a size that the model cannot draw, which its files tell."""
    for name in ("width", "height"):
        side = getattr(params, name)
        if side is not None:
            catalog.check_side(entry, name, side, params.model)


def _check_control(
    params: GenerationParams, cls: str | None, task: str, nets: Sequence[ControlNet]
) -> str:
    """The class for a recipe with ControlNets; raises InvalidInput if there is none."""
    plain = [each.as_dict() for each in params.control]
    able = control_kinds.nets_for(cls)
    if not able:
        allowed = f"left out for model {params.model!r} ({cls}); these take ControlNets: "
        allowed += ", ".join(control_kinds.plain_of(control_kinds.NETS))
        raise InvalidInput("control", plain, allowed)
    kinds = {net.kind for net in nets}
    kind = control_kinds.of(nets[0].kind, cls)
    if kind is None or len(kinds) > 1:
        allowed = f"ControlNets of one class for model {params.model!r} ({cls}): {', '.join(able)}"
        raise InvalidInput("control", f"a {' and a '.join(sorted(kinds))}", allowed)
    doing = kind.pipelines.get(task)
    if doing is None:
        allowed = f"left out beside {'mask' if params.mask is not None else 'image'}; with a "
        allowed += f"{kind.net}, {cls} draws from a text alone"
        raise InvalidInput("control", plain, allowed)
    _check_number(params, kind, nets)
    return doing


def _check_number(params: GenerationParams, kind: ControlKind, nets: Sequence[ControlNet]) -> None:
    """Raise InvalidInput for several ControlNets, or a part of the steps, that the class lacks."""
    distinct = len(set(nets)) if kind.several == "one net" else len(nets)
    if kind.several != "any" and distinct > 1:
        allowed = f"one {kind.net}; diffusers takes no more of them"
        raise InvalidInput("control", f"{distinct} ControlNets", allowed)
    for index, control in enumerate(params.control):
        if not kind.has_span and (control.start, control.end) != (0.0, 1.0):
            name = "start" if control.start else "end"
            allowed = f"left out; a {kind.net} acts in all steps"
            raise InvalidInput(f"control[{index}].{name}", getattr(control, name), allowed)


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


def _cannot(
    params: GenerationParams, cls: str | None, kind: str, needs: str | None
) -> InvalidInput:
    """The error for a task that the family has no class for."""
    field = "image" if params.mask is None else "mask"
    can = ", ".join(tasks.tasks_of(cls)) or tasks.IN_WORDS[tasks.TEXT]
    if needs is not None:
        can = tasks.IN_WORDS[needs]
    allowed = f"left out for {kind}, which can do {can} only"
    return InvalidInput(field, str(getattr(params, field)), allowed)


def _check_mask(params: GenerationParams, doing: str) -> None:
    """Raise InvalidInput for settings of a mask that the class does not take."""
    if params.mask_padding is not None and doing in tasks.WITHOUT_PADDING:
        allowed = f"left out for model {params.model!r}, because {doing} takes none"
        raise InvalidInput("mask_padding", params.mask_padding, allowed)


def class_for(
    params: GenerationParams, cls: str | None, nets: Sequence[ControlNet] = ()
) -> str | None:
    """The class that does what a recipe asks for, with the parts of a pipeline; None if none does.

    nets: its ControlNets.
    """
    task = tasks.task_of(params)
    if nets:
        return tasks.with_control(cls, task, nets[0].kind)
    return tasks.pipeline_for(cls, task)


def complete_task(
    params: GenerationParams, identity: Identity, nets: Sequence[ControlNet] = ()
) -> GenerationParams:
    """`params` with the strength that the pipeline's call takes by default.

    nets: the ControlNets of the recipe. Raises InvalidInput for a strength that leaves no step to run.
    """
    cls = catalog.lookup(str(identity.folder)).pipeline
    doing = class_for(params, cls, nets)
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
        name = str(tasks.with_control(loaded, task, nets[0].kind))
        parts = {"controlnet": _as_taken(name, loaded_nets.loaded(nets, model.identity))}
        made = _with_parts_of(model.pipeline, name, parts)
        place_net(made, model.identity.settings, model.identity.device)
        return replace(model, pipeline=made)
    doing = tasks.pipeline_for(loaded, task)
    if task == tasks.TEXT or doing in (None, loaded):
        return model
    return replace(model, pipeline=_with_parts_of(model.pipeline, str(doing)))


def _as_taken(pipeline: str, nets: Sequence[Any]) -> Any:
    """ControlNets as a pipeline takes them: one, or a list of several."""
    kind = control_kinds.of_pipeline(pipeline)
    is_one = len(nets) == 1 or (kind is not None and kind.several == "one net")
    return nets[0] if is_one else list(nets)


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
