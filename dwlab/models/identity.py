"""Identifies a model without loading it: its folder, the hash of its weights, device and dtype."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

from ..errors import InvalidInput, ModelError
from ..spec import catalog, families
from ..spec import memory as measures
from ..spec.params import GenerationParams
from ..spec.size_rule import ANY_SIZE, SIZED_BY_PICTURE, megapixel
from . import (
    checkpoint_loading,
    components,
    device,
    fingerprint,
    hub,
    hub_kernels,
    pipeline_kinds,
    profiles,
    quantisation,
    trust,
    weight_files,
)
from .checkpoint import Checkpoint, locate
from .components import Access, ModelPart
from .openvino import support
from .settings import STOCK, Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..spec.components import Component
    from ..spec.family import Omission
    from ..spec.model_entry import Entry
    from ..spec.where import WorkerDevice
    from . import transfers
    from .memory_fit import Fit


@dataclass(frozen=True)
class Identity:
    """What a cell's key needs to know of a model (weights, dtype), and how it is computed.

    weights: their fingerprint, with a mark if a variant or settings (8 bits, tiles) change the
    pictures. pack: pictures per call, if a profile says so. variant: of the weights, like fp16.
    checkpoint: where the parts of a model in one file are; `folder` is then the one with its
    configs. parts: those that a recipe takes from elsewhere. fit: whether it fits into memory, if that
    was found out; it is no part of the identity, because it changes with what else is in memory.
    """

    name: str
    folder: Path
    weights: str
    device: str
    dtype: str
    settings: Settings = STOCK
    pack: int | None = None
    variant: str | None = None
    checkpoint: Checkpoint | None = None
    parts: tuple[ModelPart, ...] = ()
    fit: Fit | None = field(default=None, compare=False)

    @property
    def files_hash(self) -> str:
        """The fingerprint of the files, or their commit on the hub."""
        own = self.weights.removesuffix(self.settings.mark)
        return own.removesuffix(_marks(self.parts)).removesuffix(_mark(self.variant))

    @property
    def commit(self) -> str:
        """The commit of a hub model; empty for any other."""
        return self.files_hash if self.files_hash == self.folder.name else ""

    @property
    def replaced(self) -> tuple[ModelPart, ...]:
        """The parts whose files are not the model's own."""
        return tuple(part for part in self.parts if not part.is_own)

    def is_sibling(self, other: object) -> TypeGuard[Identity]:
        """Whether two models differ in parts from elsewhere only."""
        if not isinstance(other, Identity):
            return False
        with_own_parts = replace(self, parts=other.parts, weights=other.weights)
        return self.files_hash == other.files_hash and with_own_parts == other


def identify(
    name: str,
    device_name: str = "auto",
    dtype: str = "auto",
    *,
    variant: str | None = None,
    config: str = "",
    parts: Sequence[Component] = (),
    download: bool = True,
    profile: str | None = None,
    settings: Settings = STOCK,
    memory: tuple[str, ...] | None = None,
    on_download: transfers.Listener | None = None,
    elsewhere: WorkerDevice | None = None,
    commit: str = "",
) -> Identity:
    """Find a model without loading it.

    variant: of the weights, like fp16; None for the plain ones. config: the configs of a model in
    one file (see `GenerationParams`). parts: those that come from elsewhere (see `components`).
    download: whether a hub model may be downloaded.
    on_download: receives the progress of a download; by default it is shown on stderr. profile:
    "fast" takes dtype (if it is auto), settings and pack from this machine's profile. memory:
    measures that save memory (see `dwlab.spec.memory`) beside those of the settings; which ones
    `auto` stands for is decided by `dwlab.models.memory_plan`. elsewhere: what workers compute on, for
    which the model is identified here; `device_name` is not looked at then. commit: of a hub model,
    instead of the one that its name stands for on this machine. Raises ModelError, NotDownloaded if
    a download is needed but not allowed, InvalidInput if there is no such profile, variant or
    config, or a measure cannot work on the device, and MissingExtra if it needs a library that is
    not installed.
    """
    hub_kernels.check()
    entry = catalog.lookup(name, config)
    resolved = elsewhere.name if elsewhere else device.resolve(device_name)
    checkpoint = None
    if entry.random:
        folder = Path(name)
        weights = f"random-{name}"
        if variant:
            raise InvalidInput("variant", variant, f"left out, for model {name!r}")
        if parts:
            allowed = f"left out, for model {name!r}, which is for measuring"
            raise InvalidInput(parts[0].part, parts[0].as_plain(), allowed)
    elif entry.file:
        if variant:
            raise InvalidInput("variant", variant, f"left out, because {name!r} is a single file")
        checkpoint = _checkpoint(entry, [component.part for component in parts])
        folder = checkpoint.configs
        weights = fingerprint.of_checkpoint(checkpoint)
    else:
        revision = commit or entry.revision
        folder = _folder(entry, variant, download, on_download, revision)
        trust.check_folder(folder)
        pipeline_kinds.check(name, folder)
        weight_files.check(name, folder, variant)
        # the folder of a hub model is named after its commit
        weights = fingerprint.of_folder(folder) if entry.local else folder.name
        weights += _mark(variant)
    replaced: tuple[ModelPart, ...] = ()
    if parts:
        replaced = components.find(parts, folder, Access(download, on_download))
        if variant:
            # the model's own files of that form are others
            replaced = tuple(replace(part, is_own=False) for part in replaced)
        weights += _marks(replaced)
    pack = None
    if profile is not None:
        fast = profiles.find(profile, name, weights, resolved)
        settings = fast.settings
        pack = fast.batch
        if dtype == "auto":
            dtype = fast.dtype
    settings = settings.with_measures(each for each in memory or () if each != measures.AUTO)
    quantisation.check(settings.quantisation, name, has_folder=not (entry.random or checkpoint))
    settings.check(resolved)
    dtype = _dtype(dtype, resolved, elsewhere)
    support.check(settings.backend, name, folder, dtype)
    return Identity(
        name=name,
        folder=folder,
        weights=weights + settings.mark,
        device=resolved,
        dtype=dtype,
        settings=settings,
        pack=pack,
        variant=variant,
        checkpoint=checkpoint,
        parts=replaced,
    )


def _dtype(name: str, resolved: str, elsewhere: WorkerDevice | None) -> str:
    """The dtype that `name` stands for on a device, here or elsewhere."""
    if elsewhere and name == "auto":
        return elsewhere.dtype
    return device.resolve_dtype(name, resolved)


def _checkpoint(entry: Entry, replaced: Sequence[str]) -> Checkpoint:
    """The parts of a model in one file; raises ModelError if it cannot be drawn with."""
    file = Path(entry.source)
    checkpoint_loading.check_library(file.name)
    checkpoint = locate(entry, file, replaced)
    pipeline_kinds.check(entry.name, checkpoint.configs)
    return checkpoint


def _mark(variant: str | None) -> str:
    """What a fingerprint ends in if a variant was loaded: its pictures are others."""
    return f"+variant-{variant}" if variant else ""


def _marks(parts: Sequence[ModelPart]) -> str:
    """What a fingerprint ends in if parts are not the model's own."""
    return "".join(part.mark for part in parts)


def _folder(
    entry: Entry,
    variant: str | None,
    download: bool,
    on_download: transfers.Listener | None,
    revision: str | None,
) -> Path:
    if entry.local:
        return Path(entry.source).expanduser()
    source = hub.source_of(entry, variant)
    return hub.snapshot(
        source,
        download,
        on_download,
        revision=revision,
        variant=variant,
        name=entry.name,
    )


def check_unchanged(identity: Identity) -> None:
    """Raise ModelError if the files of a local model are no longer those that were identified."""
    for part in identity.parts:
        components.check_unchanged(part)
    if identity.commit or catalog.lookup(identity.name).random:
        return
    try:
        weights = _fingerprint(identity)
    # files that cannot be read any more have changed too
    except ModelError:
        weights = ""
    if weights != identity.files_hash:
        raise ModelError(
            f"the files of model {identity.name!r} changed since the run was planned; "
            "run the command again"
        )


def _fingerprint(identity: Identity) -> str:
    if identity.checkpoint:
        return fingerprint.of_checkpoint(identity.checkpoint)
    return fingerprint.of_folder(identity.folder)


def is_here(name: str, variant: str | None = None) -> bool:
    """Whether a model can be loaded without a download; its weights are not read."""
    try:
        entry = catalog.lookup(name)
    except ModelError:
        return False
    if entry.random or entry.local:
        return True
    return hub.is_here(hub.source_of(entry, variant), entry.revision, variant)


def entry_here(name: str) -> Entry:
    """What is known of a model from its own files, if they are on this machine; else from its name.

    Reads no weights, and does not ask the hub. Raises ModelError for an unknown model.
    """
    entry = catalog.lookup(name)
    if entry.pipeline is None and not entry.random:
        with contextlib.suppress(ModelError):
            folder = _folder(entry, None, False, None, entry.revision)
            return catalog.lookup(str(folder))
    return entry


def usual_recipe(model: str) -> GenerationParams:
    """A model's own settings, as far as they are known without a download, with an empty prompt."""
    return GenerationParams("", model=model).with_defaults(entry_here(model))


def complete(
    params: GenerationParams, identity: Identity, start: tuple[int, int] | None = None
) -> GenerationParams:
    """`params` with steps, guidance, size and scheduler filled in from the model's own files.

    A size that its pipeline would change without a word becomes the one that it draws.
    start: the size in pixels of the picture to start from, which counts before the model's.
    """
    settings = (params.steps, params.guidance, params.width, params.height, params.scheduler)
    entry = catalog.lookup(str(identity.folder))
    if None not in settings and entry.size_rule == ANY_SIZE:
        return params
    width, height = entry.width or 512, entry.height or 512
    if start and params.width is None and params.height is None:
        width, height = fitted_size(start, width * height, entry.side_min, entry.side_multiple)
    width, height = entry.size_rule.drawn((params.width or width, params.height or height))
    family = families.of(entry.pipeline or "")
    if start and params.mask and family and family.inpainting in SIZED_BY_PICTURE:
        width, height = megapixel(start)
    sized = params.replace(width=width, height=height)
    return sized.with_defaults(entry)


def fitted_size(
    size: tuple[int, int], pixels: int, side_min: int = 8, multiple: int = 8
) -> tuple[int, int]:
    """A picture's size in multiples, made smaller in proportion if it has more than `pixels`."""
    scale = min(1.0, math.sqrt(pixels / (size[0] * size[1])))
    least = max(side_min, multiple)
    width, height = (max(least, int(side * scale) // multiple * multiple) for side in size)
    return width, height


def omission_of(identity: Identity) -> Omission | None:
    """What a model does without a negative prompt, if that differs from an empty one."""
    return catalog.lookup(str(identity.folder)).omission
