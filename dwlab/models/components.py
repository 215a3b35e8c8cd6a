"""Parts of a model that come from elsewhere: found and checked before anything loads."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .._util.existing_path import existing_path
from ..errors import InvalidInput, ModelError
from ..spec import components as spec
from . import component_fit, fingerprint, hub, trust, weight_files

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .transfers import Listener

INDEX = "model_index.json"
MARK_DIGITS = 32  # of a hash that a fingerprint of weights ends in
# owner/name, perhaps a folder, and perhaps @ with a branch, tag or commit
HUB_ID = re.compile(
    r"(?P<repo>[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)"
    r"(/(?P<part>[A-Za-z0-9][\w-]*(/[A-Za-z0-9][\w-]*)*))?"
    r"(@(?P<revision>[A-Za-z0-9][\w.+/-]*))?",
    re.ASCII,
)
# names of weights that a loader looks for
_LOADED = ("diffusion_pytorch_model", "model")
_TEXTS = (".json", ".txt", ".model", ".jinja")


@dataclass(frozen=True)
class ModelPart:
    """A part of a model, with its class and where its files are.

    name: in the model's index. source: of its files, as a recipe keeps it. path: a folder, or a
    single file that is read with the configs in the model's own folder. weights: the hash of its
    files. is_own: whether they are the model's own files.
    """

    name: str
    library: str
    cls: str
    path: Path
    weights: str
    source: str = ""
    is_own: bool = False

    @property
    def is_file(self) -> bool:
        """Whether it is a single file without a config."""
        return self.path.suffix == ".safetensors"

    @property
    def mark(self) -> str:
        """What the fingerprint of a model's weights ends in if it has this part."""
        return "" if self.is_own else f"+{self.name}-{self.weights[:MARK_DIGITS]}"


@dataclass(frozen=True)
class Access:
    """Whether parts of the hub may be downloaded, and what receives the progress."""

    download: bool = False
    on_download: Listener | None = None


def find(
    components: Sequence[spec.Component], folder: Path, access: Access
) -> tuple[ModelPart, ...]:
    """The parts that a recipe puts into a model.

    folder: with the index and the configs of the model. Raises InvalidInput for a part that the
    model does not have or that does not fit it, ModelError for files that are broken or not
    trusted, and NotDownloaded.
    """
    classes = {name: (str(library), str(cls)) for name, library, cls in trust.parts(folder)}
    parts = []
    for component in components:
        field = spec.VAE if component.part == spec.VAE else f"components.{component.part}"
        component_fit.check_name(field, component.part, classes)
        library, cls = classes[component.part]
        part = _located(field, component, (library, cls), access)
        part = component_fit.checked(field, part, folder)
        if component.weights not in ("", part.weights):
            allowed = f"the files with the hash {component.weights[:10]}; these are others"
            raise InvalidInput(field, component.model, allowed)
        parts.append(replace(part, is_own=_is_own(part, folder / part.name)))
    return tuple(parts)


def check_unchanged(part: ModelPart) -> None:
    """Raise ModelError if the files of a part are no longer those that were identified."""
    try:
        weights = _weights(part.path, part.cls)
    # files that cannot be read any more have changed too
    except (ModelError, OSError):
        weights = ""
    if weights != part.weights:
        raise ModelError(f"{part.path} changed since the run was planned; run the command again")


def filled(component: spec.Component, parts: Sequence[ModelPart]) -> spec.Component:
    """A component with the hash of its files, and with the commit if they are of the hub."""
    for part in parts:
        if part.name == component.part:
            return replace(component, model=part.source, weights=part.weights)
    return component


def _is_own(part: ModelPart, own: Path) -> bool:
    if part.is_file or not own.is_dir():
        return False
    try:
        return _weights(own, part.cls) == part.weights
    # the model may lack the part
    except (ModelError, OSError):
        return False


def _located(
    field: str, component: spec.Component, kind: tuple[str, str], access: Access
) -> ModelPart:
    """Where the files of a component are, checked as far as every file of weights is."""
    path = existing_path(component.model) or _known(component.weights, kind[1])
    source = component.model
    if path is None:
        path, source = _of_hub(field, component, access)
    path = _files_of(path, component.part)
    if path.is_dir():
        trust.check_part(path)
        _check_complete(field, component.part, path, kind[1])
    elif weight_files.needs_weights(kind[1]):
        _check_file(field, path)
    else:
        raise InvalidInput(field, str(path), f"the folder of a {component.part} ({kind[1]})")
    return ModelPart(component.part, *kind, path, _weights(path, kind[1]), source)


def _files_of(path: Path, part: str) -> Path:
    """The folder or file of a part in what training scripts leave.

    These are a whole pipeline or a checkpoint with a folder of the part's name, or a checkpoint with
    one file of weights, which has no config.
    """
    if (path / INDEX).is_file():
        return path / part
    if not path.is_dir() or (path / component_fit.CONFIG).is_file():
        return path
    if (path / part).is_dir():
        return path / part
    files = list(path.glob("*.safetensors"))
    return files[0] if len(files) == 1 else path


def _known(weights: str, cls: str) -> Path | None:
    """Where files with a hash were when they were last read here, if they are there still."""
    if not weights:
        return None
    for path in (*fingerprint.folders_with(weights), *fingerprint.files_with(weights)):
        try:
            if _weights(path, cls) == weights:
                return path
        # they are gone, or have changed
        except (ModelError, OSError):
            continue
    return None


def _of_hub(field: str, component: spec.Component, access: Access) -> tuple[Path, str]:
    """The folder of a part of the hub, and its id with the commit."""
    if not component.model:
        allowed = "the hash of a part that dwlab has read on this machine; name it with model:"
        raise InvalidInput(f"{field}.weights", component.weights, allowed)
    hub_id = HUB_ID.fullmatch(component.model)
    if hub_id is None:
        allowed = "a folder or file that exists, or a hub id like owner/name or owner/name/folder"
        raise InvalidInput(field, component.model, allowed)
    repo, part = hub_id["repo"], hub_id["part"] or ""
    folder = hub.part_of(
        repo,
        part,
        hub_id["revision"],
        download=access.download,
        on_download=access.on_download,
    )
    return folder, f"{repo}/{part}".rstrip("/") + f"@{hub.commit_of(folder)}"


def _check_complete(field: str, name: str, folder: Path, cls: str) -> None:
    if not any(path.exists() for path in folder.glob("*config*.json")):
        allowed = f"the folder of a {name} ({cls}) with its config{_others_in(folder)}"
        raise InvalidInput(field, str(folder), allowed)
    if weight_files.needs_weights(cls):
        fault = weight_files.fault_of_part(name, folder)
        if fault:
            raise ModelError(f"{field} is {folder}, but {fault.text}; copy or download it again")


def _others_in(folder: Path) -> str:
    """A note on the parts in a folder, like the `unet_ema` of a training script."""
    names = sorted(path.parent.name for path in folder.glob(f"*/{component_fit.CONFIG}"))
    return f"; name one of the folders in it: {', '.join(names)}" if names else ""


def _check_file(field: str, path: Path) -> None:
    if path.suffix != ".safetensors":
        allowed = "a folder or a .safetensors file; a pickle can run code. `dwlab convert FILE` "
        allowed += "makes a safe copy of one"
        raise InvalidInput(field, str(path), allowed)
    flaw = weight_files.flaw(path)
    if flaw:
        raise InvalidInput(field, str(path), f"a complete safetensors file; this one {flaw}")


def _weights(path: Path, cls: str) -> str:
    """The hash of the files that a loader opens."""
    if path.suffix == ".safetensors":
        return fingerprint.of_file(path)
    if not weight_files.needs_weights(cls):
        texts = [file for file in path.iterdir() if file.suffix in _TEXTS]
        return fingerprint.of_part(path, texts)
    files = weight_files.files_of_part(path)
    loaded = [file for file in files if file.name.startswith(_LOADED)]
    return fingerprint.of_part(path, [path / component_fit.CONFIG, *(loaded or files)])
