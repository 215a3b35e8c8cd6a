"""ControlNets: found and checked before a run, loaded once, and put beside a pipeline's parts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._util.jsonfile import read_object
from ..errors import InvalidInput, ModelError, NotDownloaded
from . import fingerprint, hub, trust
from .quiet import no_bars, quiet_libraries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..spec.controls import Control
    from .identity import Identity

KEPT = 3  # ControlNets in memory
_CLASS = "ControlNetModel"
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*(@[\w./-]+)?", re.ASCII)


@dataclass(frozen=True)
class ControlNet:
    """A folder as it was when it was identified. weights: its fingerprint."""

    folder: Path
    weights: str


_loaded: dict[tuple[ControlNet, str, str], Any] = {}


def find(field: str, control: Control) -> ControlNet:
    """The folder of a control's model, checked without loading it.

    field: where the recipe names it, like `control[0]`. Raises InvalidInput for a folder that is
    not a ControlNet or has other weights than the recipe says, and ModelError for weights that are
    not trusted.
    """
    folder = _folder(control.model)
    config = folder / "config.json"
    if not control.model or not config.is_file():
        allowed = f"a folder with a {_CLASS}, as diffusers saves it, or the hub id of one"
        raise InvalidInput(f"{field}.model", control.model, allowed)
    kind = read_object(config).get("_class_name")
    if kind != _CLASS:
        raise InvalidInput(f"{field}.model", control.model, f"a {_CLASS} (this is a {kind})")
    trust.check_part(folder)
    weights = fingerprint.of_folder(folder)
    if control.weights not in ("", weights):
        allowed = f"the ControlNet with the fingerprint {control.weights[:10]} (this is another)"
        raise InvalidInput(f"{field}.model", control.model, allowed)
    return ControlNet(folder, weights)


def _folder(model: str) -> Path:
    """The folder of a ControlNet, which may be one of the hub that was fetched before."""
    folder = Path(model).expanduser()
    if folder.is_dir() or not _HUB_ID.fullmatch(model):
        return folder
    repo, _, revision = model.partition("@")
    try:
        return hub.part_of(repo, revision=revision or None, download=False)
    except NotDownloaded:
        raise NotDownloaded(
            f"the ControlNet {model} is not on this machine; fetch it with `hf download {repo}`"
        ) from None


def loaded(nets: Sequence[ControlNet], identity: Identity) -> Any:
    """The ControlNets in memory, beside a model: one, or a list of several.

    Raises ModelError for a folder that does not load, or that changed since it was identified.
    """
    modules = [_load(net, identity) for net in nets]
    return modules[0] if len(modules) == 1 else modules


def _load(net: ControlNet, identity: Identity) -> Any:
    key = (net, identity.device, identity.dtype)
    if key not in _loaded:
        if fingerprint.of_folder(net.folder) != net.weights:
            raise ModelError(f"{net.folder} changed since the run was planned; run it again")
        while len(_loaded) >= KEPT:
            del _loaded[next(iter(_loaded))]
        _loaded[key] = _read(net.folder, identity)
    return _loaded[key]


def _read(folder: Path, identity: Identity) -> Any:
    import torch
    from diffusers import ControlNetModel

    quiet_libraries()
    with no_bars(), trust.no_code():
        net = ControlNetModel.from_pretrained(
            folder,
            dtype=getattr(torch, identity.dtype),
            use_safetensors=True,
            local_files_only=True,
        )
    return net.to(identity.device).eval()
