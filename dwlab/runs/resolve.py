"""Cells made complete, once: the model behind each, its parameters in full, and its key."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import InvalidInput, NotDownloaded
from ..events import Cancelled, Downloading, Event
from ..models import adapters, ip_adapters, memory_plan
from ..models.arguments import check_arguments
from ..models.controlnets import ControlNet, Nets, total_bytes
from ..models.identity import Identity, complete, identify, omission_of
from ..models.prompt_checks import check_prompts, needs_check
from ..models.tasks import check_tasks, complete_task
from ..paths import results_folder
from ..pictures.inputs import Inputs
from ..render.resolved_cell import ResolvedCell
from ..spec import catalog
from ..spec.kinds import alike
from ..spec.memory import AUTO, NONE, with_quantisation
from ..spec.model_choice import ModelChoice
from . import recipe_files, second_models

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ..events import Download
    from ..spec.components import Component
    from ..spec.compute import Compute
    from ..spec.params import GenerationParams

    Listener = Callable[[Event], None]

Identities = dict[ModelChoice, Identity]


def resolve(
    params: Iterable[GenerationParams],
    identities: Mapping[ModelChoice, Identity],
    exact: int | None = None,
    *,
    start: int = 0,
    inputs: Inputs | None = None,
) -> list[ResolvedCell]:
    """Complete parameters from their models' files, find their adapters, and compute the keys.

    exact: the number of rows of each forward in exact mode, otherwise None.
    start: the position of the first cell; the others follow it.
    inputs: reads the pictures that cells start from; if it is not given, from the usual results
    folder, without storing them. Raises InvalidInput for those that cannot be read, and for a file
    of an adapter that cannot be used.
    """
    inputs = inputs or Inputs(results_folder())
    omissions = {choice: omission_of(identity) for choice, identity in identities.items()}
    known: recipe_files.KnownAdapters = {}
    nets = Nets()
    cells = []
    for position, cell in enumerate(params, start):
        identity = identities[cell.choice]
        own_nets = nets.of(cell)
        controlled = recipe_files.with_control(
            recipe_files.with_shown(cell, inputs), inputs, own_nets
        )
        completed = _completed(controlled, identity, inputs, own_nets)
        completed, added = recipe_files.with_adapters(
            recipe_files.with_parts(completed, identity), identity, known
        )
        completed, second = second_models.with_weights(completed, identities, cell.choice)
        key = completed.key(
            identity.weights,
            identity.dtype,
            exact,
            omission=omissions[cell.choice],
            adapters=added.key(),
        )
        cells.append(
            ResolvedCell(position, completed, identity, key, inputs, added, own_nets, second)
        )
    return cells


def _completed(
    params: GenerationParams, identity: Identity, inputs: Inputs, nets: Sequence[ControlNet]
) -> GenerationParams:
    """The parameters with all that the model's files and the pictures say."""
    if params.image is None:
        return complete(params, identity)
    start = inputs.take("image", params.image)
    references = {"image": start.reference}
    if params.mask is not None:
        references["mask"] = inputs.take("mask", params.mask).reference
    read = params.replace(**references)
    return complete_task(complete(read, identity, start.size), identity, nets)


def identify_all(
    params: Sequence[GenerationParams],
    compute: Compute,
    *,
    download: bool = True,
    on_event: Listener | None = None,
) -> Identities:
    """Identify each model that is chosen, and check schedulers and arguments against it.

    on_event: told of downloads; if it is not given, they are shown on stderr. Raises InvalidInput
    and ModelError, and NotDownloaded if a download is needed but not allowed.
    """
    groups = _by_model(params)
    identities = {}
    nets: dict[ModelChoice, Nets] = {}
    seconds: dict[ModelChoice, Identities] = {}
    for choice, cells in groups.items():
        listener = _download_listener(on_event, params, cells[0])
        nets[choice] = Nets(download=download, on_download=listener)
        adapters.fetch(cells, download=download, on_download=listener)
        identities[choice] = identify(
            choice.model,
            compute.device,
            choice.dtype,
            variant=choice.variant,
            config=choice.config,
            parts=choice.parts,
            download=download,
            profile=compute.profile,
            memory=with_quantisation(compute.memory, choice.quantisation),
            on_download=listener,
            elsewhere=compute.elsewhere,
        )
    for choice, identity in identities.items():
        check_tasks(groups[choice], identity, nets[choice])
        check_arguments(groups[choice], identity, nets[choice])
        seconds[choice] = second_models.find(
            groups[choice],
            identity,
            download=download,
            on_download=_download_listener(on_event, params, groups[choice][0]),
            elsewhere=compute.elsewhere,
        )
    _check_prompts(params, groups, identities)
    if compute.elsewhere:
        # each worker finds out what its own memory holds
        return _elsewhere(identities, seconds)
    is_automatic = AUTO in (compute.memory or ())
    firsts: Identities = {}
    others: Identities = {}
    for choice, identity in identities.items():
        pixels = _most_pixels(groups[choice], identity)
        first = memory_plan.fitted(
            identity,
            pixels=pixels,
            auto=is_automatic,
            nets=max(map(nets[choice].of, groups[choice]), key=total_bytes),
            seconds=list(seconds[choice].values()),
            shown=ip_adapters.largest((cell.ip_adapter for cell in groups[choice]), identity),
        )
        firsts[choice] = first
        others |= second_models.in_settings_of(first, seconds[choice], pixels)
    return others | firsts


def _elsewhere(identities: Identities, seconds: Mapping[ModelChoice, Identities]) -> Identities:
    """The models of first and second stages, in the settings of the first."""
    others: Identities = {}
    for choice, identity in identities.items():
        for second, found in seconds[choice].items():
            others[second] = replace(found, settings=identity.settings)
    return others | identities


def _most_pixels(cells: Sequence[GenerationParams], identity: Identity) -> int:
    """The pixels of the largest picture, or of the model's own size if that is larger.

    So that pictures of several small sizes are made in the same settings.
    """
    entry = catalog.lookup(str(identity.folder))
    width, height = entry.width or 512, entry.height or 512
    sizes = [((cell.width or width), (cell.height or height)) for cell in cells]
    return max(across * down for across, down in [(width, height), *sizes])


def identities_of_loaded(
    params: Sequence[GenerationParams],
    identity: Identity,
    *,
    download: bool = True,
    on_event: Listener | None = None,
) -> Identities:
    """The same for cells that a loaded model renders; it has one dtype only."""
    groups = _by_model(params)
    seconds: Identities = {}
    for choice, cells in groups.items():
        listener = _download_listener(on_event, params, cells[0])
        nets = Nets(download=download, on_download=listener)
        adapters.fetch(cells, download=download, on_download=listener)
        if choice.dtype not in ("auto", identity.dtype):
            allowed = f"auto or {identity.dtype}, which the given model is loaded in"
            raise InvalidInput("dtype", choice.dtype, allowed)
        own = identity.settings.quantisation
        if choice.quantisation not in (NONE, own):
            allowed = f"{own}, as the given model is loaded, or left out"
            raise InvalidInput("quantisation", choice.quantisation, allowed)
        if choice.variant not in (None, identity.variant):
            allowed = f"left out, or {identity.variant or 'none'}, as the given model is loaded"
            raise InvalidInput("variant", choice.variant, allowed)
        if any(not _has_part(identity, part) for part in choice.parts):
            allowed = "left out, because the given model is loaded with its parts"
            raise InvalidInput(choice.parts[0].part, choice.parts[0].as_plain(), allowed)
        check_tasks(cells, identity, nets)
        check_arguments(cells, identity, nets)
        seconds |= second_models.find(cells, identity, download=download, on_download=listener)
    identities = dict.fromkeys(groups, identity)
    _check_prompts(params, groups, identities)
    return second_models.in_settings_of(identity, seconds, memory_plan.PIXELS) | identities


def _has_part(identity: Identity, component: Component) -> bool:
    """Whether a loaded model has a part that a recipe names."""
    names = {(part.name, part.source) for part in identity.parts}
    return (component.part, component.model) in names


def identify_available(
    params: Sequence[GenerationParams], compute: Compute
) -> tuple[Identities, dict[str, str]]:
    """Identify the models that need no download; for each of the others, say why it does."""
    identities: Identities = {}
    missing: dict[str, str] = {}
    examples = [example for example, _ in alike(params)]
    for model in dict.fromkeys(example.model for example in examples):
        own = [example for example in examples if example.model == model]
        try:
            identities |= identify_all(own, compute, download=False)
        except NotDownloaded as error:
            missing[model] = str(error)
    return identities, missing


def stop_downloads(cancel: threading.Event | None, listener: Listener | None) -> Listener | None:
    """A listener that ends a download once `cancel` is set, by raising Cancelled."""
    if listener is None:
        return None

    def listen(event: Event) -> None:
        if cancel and cancel.is_set():
            raise Cancelled
        listener(event)

    return listen


def _by_model(params: Sequence[GenerationParams]) -> dict[ModelChoice, list[GenerationParams]]:
    """One example of each kind of cell, by the model that it needs."""
    groups: dict[ModelChoice, list[GenerationParams]] = {}
    for example, _ in alike(params):
        groups.setdefault(example.choice, []).append(example)
    return groups


def _check_prompts(
    params: Sequence[GenerationParams],
    groups: Mapping[ModelChoice, Sequence[GenerationParams]],
    identities: Mapping[ModelChoice, Identity],
) -> None:
    """Check the prompts of the models for which some cell asks for more than plain prompts.

    groups: one example of each kind of cell.
    """
    for choice, examples in groups.items():
        if any(map(needs_check, examples)):
            cells = [cell for cell in params if cell.choice == choice and needs_check(cell)]
            check_prompts(cells, identities[choice])


def _download_listener(
    on_event: Listener | None, params: Sequence[GenerationParams], example: GenerationParams
) -> Callable[[Download], None] | None:
    """Tell of a download as an event of the first cell that waits for it."""
    if on_event is None:
        return None

    def listen(download: Download) -> None:
        index = next(k for k, each in enumerate(params) if each.choice == example.choice)
        on_event(Downloading(index, params[index], download))

    return listen
