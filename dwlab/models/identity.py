"""Which model this is: where it lies, the hash of its weights, the device and dtype it runs in. Nothing is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ModelError
from ..spec import catalog
from . import device, fingerprint, hub, pipeline_kinds, profiles, trust, weight_files
from .settings import STOCK, Settings

if TYPE_CHECKING:
    from ..spec.families import Omission
    from ..spec.params import GenerationParams
    from . import downloads


@dataclass(frozen=True)
class Identity:
    """What a cell's key needs to know of a model: its weights, and the dtype they run in here; then how it is computed."""

    name: str
    folder: Path
    weights: str
    device: str
    dtype: str
    settings: Settings = STOCK
    pack: int | None = None  # pictures a call, where a profile knows


def identify(
    name: str,
    device_name: str = "auto",
    dtype: str = "auto",
    *,
    download: bool = True,
    profile: str | None = None,
    settings: Settings = STOCK,
    on_download: downloads.Listener | None = None,
) -> Identity:
    """Find a model without loading it; raises ModelError, also when it would have to be downloaded but must not.

    on_download: told how far a download is; if it is not given, stderr shows it. profile: "fast" takes dtype (where it is auto), settings and pack from this machine's profile; raises InvalidInput
    where there is none.
    """
    entry, resolved, pack = catalog.lookup(name), device.resolve(device_name), None
    if entry.random:
        folder, weights = Path(name), f"random-{name}"
    else:
        folder = (
            Path(entry.source).expanduser()
            if entry.local
            else hub.snapshot(entry.source, download, on_download)
        )
        trust.check_folder(folder)
        pipeline_kinds.check(name, folder)
        weight_files.check(name, folder)
        weights = fingerprint.of_folder(folder) if entry.local else folder.name
    if profile is not None:
        fast = profiles.find(profile, name, weights, resolved)
        settings, pack, dtype = fast.settings, fast.batch, fast.dtype if dtype == "auto" else dtype
    return Identity(
        name, folder, weights, resolved, device.resolve_dtype(dtype, resolved), settings, pack
    )


def is_here(name: str) -> bool:
    """Whether a model can be loaded without a download; its weights are not read."""
    try:
        entry = catalog.lookup(name)
    except ModelError:
        return False
    return entry.random or entry.local or hub.is_here(entry.source)


def complete(params: GenerationParams, identity: Identity) -> GenerationParams:
    """`params` with what only the model's own files tell (size, scheduler) filled in."""
    if None not in (params.width, params.height, params.scheduler):
        return params
    entry = catalog.lookup(str(identity.folder))
    return params.replace(
        width=params.width or entry.width or 512,
        height=params.height or entry.height or 512,
        scheduler=params.scheduler or entry.scheduler,
    )


def key_of(params: GenerationParams, identity: Identity, exact: int | None = None) -> str:
    """The key of a cell, with what only its model's files tell: size, scheduler, what an empty negative prompt means."""
    completed, omission = complete(params, identity), omission_of(identity)
    return completed.key(identity.weights, identity.dtype, exact, omission=omission)


def omission_of(identity: Identity) -> Omission | None:
    """What leaving the negative prompt out means to a model, if that is no empty text."""
    return catalog.lookup(str(identity.folder)).omission
