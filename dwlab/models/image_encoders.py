"""Image encoders, through which IP-Adapters see pictures: a folder beside the adapter, or a named one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._util.existing_path import existing_path
from .._util.jsonfile import read_object
from ..errors import InvalidInput, ModelError, NotDownloaded, first_line
from . import fingerprint, hub, trust, weight_files
from .component_fit import CONFIG
from .components import HUB_ID
from .quiet import no_bars

if TYPE_CHECKING:
    from pathlib import Path

    from ..spec.ip_adapters import IPAdapter
    from .adapter_files import AdapterFile
    from .identity import Identity
    from .ip_adapter_fit import Projection

NAME = "image_encoder"  # of the folder, as diffusers looks for it
# where the repository h94/IP-Adapter keeps encoders: some adapters see through that of the others
_ELSEWHERE = ("models", "sdxl_models")
_KIND = "clip_vision_model"


@dataclass(frozen=True)
class Encoder:
    """A folder as it was when it was identified. weights: its fingerprint."""

    folder: Path
    weights: str


def find(
    field: str, adapter: IPAdapter, file: AdapterFile, projection: Projection, identity: Identity
) -> Encoder | None:
    """The encoder of an adapter: the one that it names, the model's own, or the one beside its file.

    projection: what the adapter takes from it. Returns None for the model's own. Raises
    InvalidInput, naming `field`, if there is none that fits, and ModelError for weights that are
    not trusted.
    """
    has_own = NAME in {part for part, *_ in trust.parts(identity.folder)}
    if has_own and not (adapter.encoder or adapter.encoder_weights):
        _check(f"{field}.encoder", identity.folder / NAME, projection)
        return None
    folder = _folder(field, adapter, file, projection)
    _check(f"{field}.encoder", folder, projection)
    trust.check_part(folder)
    fault = weight_files.fault_of_part(NAME, folder)
    if fault:
        raise InvalidInput(f"{field}.encoder", str(folder), f"a complete folder ({fault.text})")
    weights = _weights(folder)
    if adapter.encoder_weights not in ("", weights):
        allowed = f"the image encoder with the fingerprint {adapter.encoder_weights[:10]}"
        raise InvalidInput(f"{field}.encoder", str(folder), f"{allowed} (this is another)")
    return Encoder(folder, weights)


def _folder(field: str, adapter: IPAdapter, file: AdapterFile, projection: Projection) -> Path:
    if adapter.encoder:
        return _named(field, adapter.encoder)
    around = file.path.parent
    beside = [around / NAME, *(around.parent / other / NAME for other in _ELSEWHERE)]
    known = fingerprint.folders_with(adapter.encoder_weights) if adapter.encoder_weights else []
    present = [folder for folder in (*known, *beside) if (folder / CONFIG).is_file()]
    fitting = [folder for folder in present if _problem(folder, projection) is None]
    if adapter.encoder_weights:
        fitting.sort(key=lambda folder: _weights(folder) != adapter.encoder_weights)
    folders = fitting or present
    if not folders:
        allowed = (
            f"the folder of an image encoder, because there is no folder {NAME} beside {file.path}"
        )
        raise InvalidInput(f"{field}.encoder", adapter.encoder or None, allowed)
    return folders[0]


def _named(field: str, name: str) -> Path:
    """The folder of an encoder, which may be one of the hub that was fetched before."""
    path = existing_path(name)
    if path:
        return path
    hub_id = HUB_ID.fullmatch(name)
    if hub_id is None:
        raise InvalidInput(f"{field}.encoder", name, "a folder that exists, or a hub id")
    repo, part = hub_id["repo"], hub_id["part"] or ""
    try:
        return hub.part_of(repo, part, hub_id["revision"], download=False)
    except NotDownloaded:
        fetch = f"hf download {repo}" + (f" --include '{part}/*'" if part else "")
        allowed = (
            f"a folder, or an encoder of the hub that is on this machine: `{fetch}` fetches it"
        )
        raise InvalidInput(f"{field}.encoder", name, allowed) from None


def _check(field: str, folder: Path, projection: Projection) -> None:
    problem = _problem(folder, projection)
    if problem:
        raise InvalidInput(field, str(folder), problem)


def _problem(folder: Path, projection: Projection) -> str | None:
    """Why a folder holds no encoder for an adapter, in words; None if it does."""
    config_file = folder / CONFIG
    if not config_file.is_file():
        return "a folder with an image encoder of CLIP, as transformers saves it"
    config = read_object(config_file)
    if config.get("model_type") != _KIND:
        kind = config.get("model_type")
        return f"an image encoder of CLIP ({_KIND}); this is a {kind}"
    size = config.get("hidden_size" if projection.is_hidden else "projection_dim")
    if size != projection.size:
        return (
            f"an image encoder whose vectors have {projection.size} numbers, as the adapter takes "
            f"them; those of this one have {size}"
        )
    return None


def _weights(folder: Path) -> str:
    """The fingerprint of an encoder, which finds it again."""
    return fingerprint.of_part(folder, [folder / CONFIG, *weight_files.files_of_part(folder)])


def read(encoder: Encoder, pipeline: Any) -> Any:
    """Load an encoder onto a pipeline's device, in the dtype of its denoiser.

    Raises ModelError for a folder that does not load, or that changed since it was identified.
    """
    from transformers import CLIPVisionModelWithProjection

    if _weights(encoder.folder) != encoder.weights:
        raise ModelError(f"{encoder.folder} changed since the run was planned; run it again")
    try:
        with no_bars(), trust.no_code():
            module = CLIPVisionModelWithProjection.from_pretrained(
                encoder.folder,
                dtype=pipeline.unet.dtype,
                use_safetensors=True,
                local_files_only=True,
            )
    # a folder can hold anything
    except Exception as error:
        reason = first_line(error)
        raise ModelError(f"image encoder {encoder.folder} does not load: {reason}") from error
    # that of a model whose parts are moved while it runs
    device = pipeline._execution_device  # noqa: SLF001  # what stock encodes pictures on
    return module.to(device).eval()
