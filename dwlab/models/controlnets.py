"""ControlNets: found and checked before a run, without loading them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .._util.existing_path import existing_path
from .._util.jsonfile import read_object
from ..errors import InvalidInput, ModelError
from ..spec import catalog, control_kinds
from . import fingerprint, hub, trust, weight_files

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ..spec.controls import Control
    from ..spec.params import GenerationParams
    from .transfers import Listener

CONFIG = "config.json"
_UNION = "ControlNetUnionModel"


@dataclass(frozen=True)
class ControlNet:
    """A folder as it was when it was identified.

    weights: its fingerprint. kind: its class in diffusers. modes: how many kinds of pictures it
    tells apart by their number; 0 for a net that was trained for one.
    """

    folder: Path
    weights: str
    kind: str
    modes: int = 0

    @property
    def files(self) -> list[Path]:
        """What is loaded: the config and the weights."""
        return _files(self.folder)


class Nets:
    """The ControlNets of recipes, each looked for once.

    download: whether those of the hub may be fetched. on_download: receives the progress; by
    default it is shown on stderr.
    """

    def __init__(self, *, download: bool = False, on_download: Listener | None = None) -> None:
        self._download = download
        self._on_download = on_download
        self._known: dict[tuple[str, str], ControlNet] = {}

    def of(self, params: GenerationParams) -> tuple[ControlNet, ...]:
        """The ControlNets that a recipe names.

        Raises InvalidInput for a folder that is not a ControlNet or has other weights than the
        recipe says, ModelError for weights that are not trusted, and NotDownloaded.
        """
        nets = []
        for index, control in enumerate(params.control):
            field = f"control[{index}]"
            source = (control.model, control.weights)
            if source not in self._known:
                self._known[source] = self._find(field, control)
            _check_mode(field, control, self._known[source])
            nets.append(self._known[source])
        return tuple(nets)

    def _find(self, field: str, control: Control) -> ControlNet:
        folder = _existing(control.model) or _known_folder(control.weights)
        if folder is None:
            folder = self._of_hub(field, control)
        net = identify(field, folder)
        if control.weights not in ("", net.weights):
            allowed = (
                f"the ControlNet with the fingerprint {control.weights[:10]} (this is another)"
            )
            raise InvalidInput(f"{field}.model", control.model, allowed)
        return net

    def _of_hub(self, field: str, control: Control) -> Path:
        """The folder of a ControlNet of the hub, by its id or its name in the catalog."""
        part = catalog.PARTS.get(control.model)
        entry = part or catalog.hub_entry(control.model)
        if entry is None and control.weights and not control.model:
            allowed = "the fingerprint of a ControlNet that dwlab has read on this machine; "
            allowed += "name its folder with model:"
            raise InvalidInput(f"{field}.weights", control.weights, allowed)
        if entry is None:
            names = ", ".join(catalog.PARTS)
            allowed = (
                f"a folder with a ControlNet, as diffusers saves it, the hub id of one, or {names}"
            )
            raise InvalidInput(f"{field}.model", control.model, allowed)
        return hub.part_of(
            catalog.successor(entry.source),
            revision=entry.revision,
            download=self._download,
            on_download=self._on_download,
            check=lambda folder: _checked_config(field, folder),
        )


def identify(field: str, folder: Path) -> ControlNet:
    """The ControlNet in a folder; its weights are hashed and not loaded.

    field: where the recipe names it, like `control[0]`. Raises InvalidInput for a folder that is
    not a ControlNet, and ModelError for weights that are missing or not trusted.
    """
    config = _checked_config(field, folder)
    kind = config["_class_name"]
    trust.check_part(folder)
    fault = weight_files.fault_of_part("the ControlNet", folder)
    if fault:
        raise ModelError(f"{folder}: {fault.text}; copy or download it again")
    modes = config.get("num_control_type", 6) if kind == _UNION else config.get("num_mode")
    weights = fingerprint.of_part(folder, _files(folder))
    return ControlNet(folder, weights, str(kind), modes if isinstance(modes, int) else 0)


def _checked_config(field: str, folder: Path) -> dict[str, Any]:
    """The config in a folder; raises InvalidInput if it is not that of a ControlNet."""
    config_file = folder / CONFIG
    config = read_object(config_file) if config_file.is_file() else {}
    kind = config.get("_class_name")
    if kind not in control_kinds.NETS:
        allowed = f"a folder with a ControlNet ({', '.join(control_kinds.NETS)})"
        if kind:
            allowed += f"; this is a {kind}"
        raise InvalidInput(f"{field}.model", str(folder), allowed)
    return config


def check_unchanged(net: ControlNet) -> None:
    """Raise ModelError if a ControlNet's files are no longer those that were identified."""
    try:
        weights = fingerprint.of_part(net.folder, net.files)
    # files that cannot be read any more have changed too
    except ModelError:
        weights = ""
    if weights != net.weights:
        raise ModelError(f"{net.folder} changed since the run was planned; run it again")


def total_bytes(nets: Sequence[ControlNet]) -> int:
    """The bytes of the files of several ControlNets, each counted once."""
    return sum(path.stat().st_size for net in set(nets) for path in net.files)


def with_weights(params: GenerationParams, nets: Sequence[ControlNet]) -> GenerationParams:
    """A recipe with the fingerprints of its ControlNets filled in."""
    controls = zip(params.control, nets, strict=True)
    filled = tuple(replace(control, weights=net.weights) for control, net in controls)
    return params.replace(control=filled)


def _files(folder: Path) -> list[Path]:
    return [folder / CONFIG, *weight_files.files_of_part(folder)]


def _existing(model: str) -> Path | None:
    """The folder that a recipe names; None if there is none."""
    path = existing_path(model)
    return path if path and path.is_dir() else None


def _known_folder(weights: str) -> Path | None:
    """A folder that had these weights when it was last read here, and has them still."""
    for folder in fingerprint.folders_with(weights) if weights else ():
        if not (folder / CONFIG).is_file():
            continue
        if fingerprint.of_part(folder, _files(folder)) == weights:
            return folder
    return None


def _check_mode(field: str, control: Control, net: ControlNet) -> None:
    """Raise InvalidInput for a number that a net does not know, or lacks."""
    if control.mode is None and not net.modes:
        return
    if not net.modes:
        allowed = "left out; this ControlNet was trained for one kind of picture"
        raise InvalidInput(f"{field}.mode", control.mode, allowed)
    if control.mode is None or control.mode >= net.modes:
        allowed = f"a number from 0 to {net.modes - 1}: which kind of picture this is to the net"
        raise InvalidInput(f"{field}.mode", control.mode, allowed)
