"""Models on disk and in memory: found, identified by their weights, checked, loaded."""

from __future__ import annotations

import logging
import re
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..errors import DwlabError, ModelError, first_line
from ..spec import catalog
from . import alterations, device, size_limits, trust
from .identity import Identity, identify
from .quiet import no_bars, quiet_libraries
from .settings import apply

if TYPE_CHECKING:
    from diffusers import DiffusionPipeline, SchedulerMixin

    from ..spec.params import GenerationParams

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Model:
    """A loaded pipeline, with what identifies it. loaded: the state of the pipeline that its identity speaks of."""

    identity: Identity
    pipeline: DiffusionPipeline
    loaded: alterations.State | None = field(default=None, compare=False, repr=False)


def load(
    name: str = "shapes", device: str = "auto", dtype: str = "auto", *, profile: str | None = None
) -> Model:
    """Load a model: a catalog name, a local diffusers folder or a hub id.

    device: auto, cpu, mps, cuda or cuda:N. dtype: auto (float32 on a CPU, half precision on a
    GPU), float32, float16 or bfloat16. profile: None for stock settings, or "fast" for those that
    `dwlab bench tune` found on this machine. Only safetensors weights and stock classes are loaded.
    The model is yours alone: what you change in its pipeline changes nobody else's pictures, and gives those that you make
    with it keys of their own (see `as_it_is`). Raises ModelError or InvalidInput.
    """
    identity = identify(name, device, dtype, profile=profile)
    with _loading:
        _last.clear()  # for its memory, and because attention kernels and threads belong to the whole process
        model = _loaded(identity)
    return replace(model, loaded=alterations.State.of(model.pipeline))


def as_it_is(model: Model) -> Model:
    """A model that `load` gave, with the identity of what it is now, if it was changed since.

    Weights, adapters, processors, parts and embeddings that were changed are told by a hash that is added to that of the
    weights. Raises ModelError for another scheduler, device or dtype, which are asked for in other ways, and for code.
    """
    changed = alterations.digest(model.loaded, model.pipeline) if model.loaded else None
    if changed is None:
        return model
    identity = replace(model.identity, weights=f"{model.identity.weights}+changed-{changed[:32]}")
    log.info(
        "%s was changed since it was loaded; its pictures have keys of their own",
        model.identity.name,
    )
    return replace(model, identity=identity)


_OPTIONAL = {
    "safety_checker",
    "feature_extractor",
    "image_encoder",
}  # parts that pipelines do without
_last: list[Model] = []
_loading, _tokenizing = threading.Lock(), threading.Lock()


def load_identified(identity: Identity) -> Model:
    """The model of an identity, from memory if it was the last one loaded; shared, so not to be handed out."""
    with _loading:
        if not _last or _last[0].identity != identity:
            _last.clear()
            _last.append(_loaded(identity))
        return _last[0]


def _loaded(identity: Identity) -> Model:
    quiet_libraries()
    if identity.device == "cpu":
        device.keep_freed_memory()
    log.info(
        "loading %s (%s, %s, %s)", identity.name, identity.device, identity.dtype, identity.settings
    )
    try:
        with no_bars():
            pipeline = _pipeline(identity)
        pipeline.set_progress_bar_config(disable=True)
        apply(pipeline, identity.settings, identity.device)
        for name, part in pipeline.components.items():
            if name.startswith("tokenizer") and part is not None:
                _in_turns(part)
            elif name.startswith("text_encoder"):
                _with_text_model(part)
    except DwlabError:
        raise
    except (
        Exception
    ) as error:  # whatever a model's files or classes raise is this model's failure alone
        raise ModelError(f"model {identity.name!r} does not load: {_cause(error)}") from error
    return Model(identity, pipeline)


def _cause(error: Exception) -> str:
    """Why a model did not load, without what diffusers advises its callers, who are not dwlab's users."""
    text = first_line(error)
    if parts := re.search(r"expected \[(.*)\], but only \{(.*)\} were passed", text):
        expected, passed = (set(re.findall(r"'(\w+)'", names)) for names in parts.groups())
        return f"it lacks {', '.join(sorted(expected - passed - _OPTIONAL))}; copy or download it again"
    reason, advice, _ = text.partition(" If you want to instead overwrite")
    remedy = "; its configs do not fit its weights: copy or download it again" if advice else ""
    return " ".join(reason.split()).rstrip(".") + remedy


def _in_turns(tokenizer: Any) -> None:
    """Let threads call a tokenizer in turns: it keeps a call's padding and truncation in itself while it works."""
    cls = type(tokenizer)

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        with _tokenizing:
            return cls.__call__(self, *args, **kwargs)

    tokenizer.__class__ = type(
        cls.__name__, (cls,), {"__call__": call, "__module__": cls.__module__}
    )


def _with_text_model(encoder: Any) -> None:
    """Let a CLIP text encoder be asked for its `text_model`: diffusers does for clip_skip, and newer transformers have none."""
    cls = type(encoder)
    if (
        hasattr(cls, "text_model")
        or hasattr(encoder, "text_model")
        or not hasattr(encoder, "final_layer_norm")
    ):
        return
    own = {"text_model": property(lambda self: self), "__module__": cls.__module__}
    encoder.__class__ = type(cls.__name__, (cls,), own)


def _pipeline(identity: Identity) -> DiffusionPipeline:
    import torch

    dtype = getattr(torch, identity.dtype)
    if catalog.lookup(identity.name).random:
        from . import random_weights

        return random_weights.build(identity.name, dtype)
    from diffusers import AutoPipelineForText2Image

    weights = trust.check_folder(identity.folder)  # again: files may have changed since
    with trust.no_code(), size_limits.building(identity.name, weights.tensors, weights.bytes):
        return AutoPipelineForText2Image.from_pretrained(
            identity.folder,
            dtype=dtype,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
        )


def scheduler_for(model: Model, params: GenerationParams) -> SchedulerMixin:
    """A scheduler of the cell's class, from the model's own scheduler settings and the cell's options."""
    import diffusers

    shipped = model.pipeline.scheduler
    cls = getattr(diffusers, params.scheduler) if params.scheduler else type(shipped)
    return cls.from_config(shipped.config, **dict(params.scheduler_options))
