"""Loads pipelines: from an identified folder into memory, on a device, in a dtype."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import re
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .._util.gc_paused import gc_paused
from .._util.jsonfile import read_object
from ..errors import DwlabError, ModelError, RenderError, first_line
from ..spec import catalog, families
from ..spec import memory as measures
from ..spec.own_code.loading import object_of
from . import (
    alterations,
    checkpoint_loading,
    memory,
    memory_fit,
    memory_plan,
    part_loading,
    quantisation,
    size_limits,
    trust,
)
from .identity import Identity, check_unchanged, identify
from .library_patches import patch_parts, restore_moved_modules
from .loaded_models import LOADED, LOCK
from .openvino import installing
from .parts import modules_of
from .quiet import no_bars, quiet_libraries
from .settings import apply, apply_to_process

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import torch
    from diffusers import DiffusionPipeline, SchedulerMixin
    from torch.nn import Module

    from ..spec.params import GenerationParams

log = logging.getLogger(__name__)
# parts that pipelines can do without
_OPTIONAL_PARTS = {"safety_checker", "feature_extractor", "image_encoder"}


@dataclass(frozen=True)
class Model:
    """A loaded pipeline and its identity. loaded: the pipeline's state that the identity describes.

    seconds: that loading it took.
    """

    identity: Identity
    pipeline: DiffusionPipeline
    seconds: float = field(default=0.0, compare=False)
    loaded: alterations.State | None = field(default=None, compare=False, repr=False)

    @property
    def modules(self) -> list[Module]:
        """The parts that compute."""
        return list(modules_of(self.pipeline).values())


def load(
    name: str = "shapes",
    device: str = "auto",
    dtype: str = "auto",
    *,
    profile: str | None = None,
    variant: str | None = None,
    config: str = "",
    memory: object = None,
) -> Model:
    """Load a model: a catalog name, a local diffusers folder or checkpoint, or a hub id.

    device: auto, cpu, mps, cuda or cuda:N. dtype: auto (float32 on a CPU, half precision on a
    GPU), float32, float16 or bfloat16. profile: None for stock settings, or "fast" for those that
    `dwlab bench tune` found on this machine. variant: of the weights, like fp16. config: the
    configs of a checkpoint in one file (see `GenerationParams`). memory: "auto", or names of
    measures that save memory, like "model-offload" (see docs/memory.md). Only safetensors or GGUF
    weights and stock classes are loaded.
    The model belongs to the caller: changes to its pipeline affect no other pictures, and pictures
    made with the changed pipeline have keys of their own (see `as_it_is`).
    Raises ModelError or InvalidInput.
    """
    names = measures.parse(memory)
    identity = identify(
        name, device, dtype, variant=variant, config=config, profile=profile, memory=names
    )
    identity = memory_plan.fitted(identity, auto=measures.AUTO in (names or ()))
    with LOCK:
        model = _load_pipeline(identity, {})
    return replace(model, loaded=alterations.State.of(model.pipeline))


def as_it_is(model: Model) -> Model:
    """A model returned by `load`, with an identity that includes all changes made since.

    Changed weights, adapters, processors, parts and embeddings add a hash to that of the weights.
    Raises ModelError for another scheduler, device or dtype, which are set in other ways, and for
    code.
    """
    if model.loaded is None:
        return model
    changes = alterations.digest(model.loaded, model.pipeline)
    if changes is None:
        return model
    if model.identity.settings.backend == "openvino":
        raise ModelError(
            "the loaded model was changed, but OpenVINO computes it as it was loaded; load it without "
            "the profile to draw with the changes"
        )
    weights = f"{model.identity.weights}+changed-{changes[:32]}"
    log.info("%s was changed after loading; its pictures get new keys", model.identity.name)
    return replace(model, identity=replace(model.identity, weights=weights))


def load_identified(identity: Identity) -> Model:
    """The model of an identity, from memory if it is still there.

    It is shared between renderings, so it must not be handed to users. Raises ModelError if its
    files changed since it was identified, and if it does not fit into memory.
    """
    with LOCK:
        model = _shared(identity)
    prepare_process(model)
    return model


@contextlib.contextmanager
def lent(identity: Identity, *, alone: bool = False) -> Iterator[Model]:
    """Lend a rendering the model of an identity, which then calls `prepare_process`.

    alone: no other rendering has it meanwhile, because adapters change its parts; if others use the
    one in memory, it is loaded once more. It is kept in memory, unless a ModelError says that it
    could not be put back as it was.
    """
    is_as_before = True
    with LOCK:
        model = _for_one(identity) if alone else _shared(identity)
        LOADED.begin_use(model)
    try:
        yield model
    except ModelError:
        is_as_before = False
        raise
    finally:
        with LOCK:
            LOADED.end_use(model)
            if alone and is_as_before:
                LOADED.add(model)


def _shared(identity: Identity) -> Model:
    """The model that is in memory, or else is from now on."""
    check_unchanged(identity)
    model = LOADED.take(identity)
    if model is None:
        model = _rebuilt(identity) or _load_unchanged(identity)
        LOADED.add(model)
    return model


def _for_one(identity: Identity) -> Model:
    """A model that no other rendering can get: out of memory, or loaded for this one."""
    check_unchanged(identity)
    return LOADED.take_out(identity) or _rebuilt(identity) or _load_unchanged(identity)


def _rebuilt(identity: Identity) -> Model | None:
    """A model made of one in memory that has other parts from elsewhere; None if there is none.

    That one, which nobody uses, is given up, and a new pipeline has the parts that both share. So no
    pipeline is changed, and none has to be put back.
    """
    if not identity.settings.keeps_parts:
        return None
    sibling = LOADED.take_out_sibling(identity)
    if sibling is None:
        return None
    names = {part.name for part in (*identity.replaced, *sibling.identity.replaced)}
    shared = {name: part for name, part in sibling.pipeline.components.items() if name not in names}
    # the parts that it does not need any more leave memory before others come
    del sibling
    memory.release_memory(identity.device)
    return _load_unchanged(identity, shared)


def is_loaded(identity: Identity) -> bool:
    """Whether a model is in memory."""
    return identity in LOADED


def has_room(identity: Identity) -> bool:
    """Whether a model is in memory, or fits beside those that are in use."""
    return identity in LOADED or LOADED.has_room(identity)


def prepare_process(model: Model) -> None:
    """Make this process compute in a model's settings, which another model may have changed since."""
    apply_to_process(model.identity.settings)


# the first time, the libraries are imported: many objects, and hardly any garbage
@gc_paused()
def _load_unchanged(identity: Identity, shared: Mapping[str, Any] | None = None) -> Model:
    """Load a model, and raise ModelError if its files changed meanwhile, whatever became of it.

    shared: parts that are in memory.
    """
    try:
        return _load_pipeline(identity, shared or {})
    finally:
        check_unchanged(identity)


def scheduler_for(model: Model, params: GenerationParams) -> SchedulerMixin:
    """A scheduler of the cell's class, made from the model's scheduler config and the cell's options."""
    import diffusers

    shipped = model.pipeline.scheduler
    own = params.scheduler_code
    if own is not None:
        cls = object_of(own.name, own.code, own.file)
        if not hasattr(cls, "from_config"):
            raise RenderError(
                f"scheduler {own.name} has no from_config; derive it from a scheduler of diffusers, or "
                "from SchedulerMixin and ConfigMixin"
            )
    else:
        cls = getattr(diffusers, params.scheduler) if params.scheduler else type(shipped)
    options = dict(params.scheduler_options)
    if params.prediction:
        options = {"prediction_type": params.prediction, **options}
    return cls.from_config(shipped.config, **options)


def _load_pipeline(identity: Identity, shared: Mapping[str, Any]) -> Model:
    """Load a model; if memory runs out, once more without any other one."""
    if not shared:
        LOADED.make_room(identity)
        _check_fits(identity)
    began = time.perf_counter()
    try:
        pipeline = _pipeline(identity, shared)
    except ModelError as error:
        ran_out = error.__cause__ is not None and memory.is_out_of_memory(error.__cause__)
        if not (ran_out and LOADED.clear()):
            raise
        pipeline = _pipeline(identity, shared)
    return Model(identity, pipeline, seconds=time.perf_counter() - began)


def _check_fits(identity: Identity) -> None:
    """Raise ModelError, with the numbers, for a model whose weights alone do not fit."""
    if identity.fit is None:
        return
    room = memory_fit.Room(memory.free_bytes(identity.device), memory.free_bytes("cpu"))
    fit = replace(identity.fit, room=room)
    if fit.is_hopeless:
        raise ModelError(memory_fit.shortage(identity.name, fit, identity.device))


def _pipeline(identity: Identity, shared: Mapping[str, Any]) -> DiffusionPipeline:
    quiet_libraries()
    if identity.device == "cpu":
        memory.keep_freed_memory()
    log.info(
        "loading %s (%s, %s, %s)", identity.name, identity.device, identity.dtype, identity.settings
    )
    try:
        with no_bars():
            pipeline = _read_pipeline(identity, shared)
        quantisation.after_reading(pipeline, identity.settings.quantisation)
        pipeline.set_progress_bar_config(disable=True)
        apply(pipeline, identity.settings, identity.device)
        if identity.settings.backend == "openvino":
            installing.install(pipeline, identity)
        patch_parts(pipeline, patched=shared)
    except DwlabError:
        raise
    # a model's files and classes can raise anything
    except Exception as error:
        raise ModelError(f"model {identity.name!r} does not load: {_cause(error)}") from error
    return pipeline


def _read_pipeline(identity: Identity, shared: Mapping[str, Any]) -> DiffusionPipeline:
    import torch

    dtype = getattr(torch, identity.dtype)
    if catalog.lookup(identity.name).random:
        from . import random_weights

        return random_weights.build(identity.name, dtype)
    others = {**shared, **_replaced_parts(identity, dtype)}
    if identity.checkpoint:
        cls = _pipeline_class(identity.folder)
        return checkpoint_loading.read(identity.name, identity.checkpoint, cls, dtype, others)
    # checked once more, because files may have changed since the model was identified
    weights = trust.check_folder(identity.folder)
    restore_moved_modules()
    pipeline = _pipeline_class(identity.folder)
    with (
        trust.no_code(),
        trust.nothing_connected(pipeline),
        size_limits.building(identity.name, weights.tensors, weights.bytes),
    ):
        loaded: DiffusionPipeline = pipeline.from_pretrained(
            identity.folder,
            dtype=dtype,
            variant=identity.variant,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            **quantisation.while_reading(
                identity.settings.quantisation, identity.folder, identity.dtype
            ),
            **others,
        )
    return loaded


def _replaced_parts(identity: Identity, dtype: torch.dtype) -> dict[str, Any]:
    """The parts that do not come from the model's own files, by name."""
    if not identity.replaced:
        return {}
    weights = part_loading.size_of(identity.replaced)
    with trust.no_code(), size_limits.building(identity.name, weights.tensors, weights.bytes):
        return part_loading.read_all(identity.replaced, identity.folder, dtype)


def _pipeline_class(folder: Path) -> Any:
    """The class of diffusers that draws with the parts in a folder; raises ModelError."""
    import diffusers

    index = read_object(folder / "model_index.json")
    named = index.get("_class_name")
    family = families.of(str(named))
    if family is None or not hasattr(diffusers, family.pipeline):
        raise ModelError(
            f"its class is {named}, which diffusers {diffusers.__version__} does not draw with; "
            "a newer diffusers may (`pip install -U diffusers`)"
        )
    missing = [name for name in family.packages if importlib.util.find_spec(name) is None]
    if missing:
        packages = " ".join(missing)
        raise ModelError(f"a {family.pipeline} needs {packages}: `pip install {packages}`")
    return getattr(diffusers, families.drawing(index))


def _cause(error: Exception) -> str:
    """Why a model did not load, without diffusers' advice to programmers."""
    text = first_line(error)
    mismatch = re.search(r"expected \[(.*)\], but only \{(.*)\} were passed", text)
    if mismatch:
        expected = set(re.findall(r"'(\w+)'", mismatch[1]))
        passed = set(re.findall(r"'(\w+)'", mismatch[2]))
        missing = sorted(expected - passed - _OPTIONAL_PARTS)
        return f"it lacks {', '.join(missing)}; copy or download it again"
    reason, advice, _ = text.partition(" If you want to instead overwrite")
    reason = " ".join(reason.split()).rstrip(".")
    if advice:
        return f"{reason}; its configs do not fit its weights: copy or download it again"
    return reason
