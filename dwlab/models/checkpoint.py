"""Where each part of a model in one file comes from: the file, its configs, or another folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ModelError
from ..spec import layouts, single_file
from . import clip_tokenizer, trust, weight_files

if TYPE_CHECKING:
    from collections.abc import Collection

    from ..spec.model_entry import Entry
    from ..spec.tensor_header import Header

DENOISERS = ("unet", "transformer")
# a picture is made without them
_OPTIONAL = ("safety_checker", "feature_extractor", "image_encoder")
# Stable Diffusion 3 draws without its third text encoder too, as its authors show
_OPTIONAL_IN_SD3 = ("text_encoder_3", "tokenizer_3")
_T5 = "T5EncoderModel"
# how the tensors of each part begin in the original layouts
_STARTS = {
    "vae": ("first_stage_model.", "vae."),
    "text_encoder": (
        "cond_stage_model.transformer.text_model.",
        "cond_stage_model.model.",
        "conditioner.embedders.0.transformer.text_model.",
        "text_encoders.clip_l.transformer.text_model.",
    ),
    "text_encoder_2": (
        "conditioner.embedders.1.model.",
        "conditioner.embedders.0.model.",
        "text_encoders.clip_g.transformer.text_model.",
    ),
    _T5: ("text_encoders.t5xxl.transformer.shared.",),
}
_VOCABULARIES = ("tokenizer.json", "vocab.json", "spiece.model", "tokenizer.model")


@dataclass(frozen=True)
class Checkpoint:
    """A model in one file.

    configs: the folder whose index and configs it is built from. lent: (part, folder) of the parts
    that the file lacks and another folder has. absent: parts that it is drawn without.
    """

    file: Path
    configs: Path
    lent: tuple[tuple[str, Path], ...] = ()
    absent: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know before the model loads."""
        if not self.absent:
            return ()
        parts = ", ".join(name for name in self.absent if name.startswith("text_encoder"))
        return (f"the file has no {parts}, and the pictures are made without it",) if parts else ()


def locate(entry: Entry, file: Path, replaced: Collection[str] = ()) -> Checkpoint:
    """Find all parts of a model in one file. replaced: those that a recipe takes from elsewhere.

    Reads headers and small files. Raises ModelError for configs that are not to be trusted, and
    for parts that are nowhere, with what to do.
    """
    if entry.configs is None:
        raise single_file.unknown_layout(entry.name, file)
    configs = Path(entry.configs)
    trust.check_folder(configs)
    header = single_file.read_header(entry.name, file)
    lent: list[tuple[str, Path]] = []
    absent: list[str] = []
    missing: list[str] = []
    for part, _, cls in trust.parts(configs):
        if part in replaced or _is_in_file(header, part, str(cls)):
            continue
        if not _is_to_be_lent(configs / part, str(cls)):
            continue
        lender = _lender(configs, part, str(cls))
        if lender:
            lent.append((part, lender))
        elif part in _OPTIONAL or (part in _OPTIONAL_IN_SD3 and _is_sd3(configs)):
            absent.append(part)
        else:
            missing.append(part)
    if missing:
        raise _lacks(entry.name, configs, missing)
    return Checkpoint(file, configs, tuple(lent), tuple(absent))


def _is_in_file(header: Header, part: str, cls: str) -> bool:
    if part in DENOISERS:
        return True
    return header.has(*_STARTS.get(_T5 if cls == _T5 else part, ("\0",)))


def _is_to_be_lent(folder: Path, cls: str) -> bool:
    """Whether a part that the file lacks needs more than its config."""
    if weight_files.needs_weights(cls):
        return True
    if "Tokenizer" not in cls:
        return False
    return not clip_tokenizer.lacks_vocabulary(folder)


def _lender(configs: Path, part: str, cls: str) -> Path | None:
    """The folder that has a part: among the configs, or in the hub's cache on this machine."""
    for folder in (configs, _cached(configs)):
        if folder and _has(folder / part, cls):
            trust.check_part(folder / part)
            return folder / part
    return None


def _has(folder: Path, cls: str) -> bool:
    if weight_files.needs_weights(cls):
        files = [path for path in folder.glob("*.safetensors") if "." not in path.stem]
        return bool(files) and all(weight_files.flaw(path) is None for path in files)
    return any((folder / name).exists() for name in _VOCABULARIES)


def _cached(configs: Path) -> Path | None:
    """The pipeline of a shipped layout in the hub's cache, if it was downloaded."""
    layout = layouts.LAYOUTS.get(configs.name) if configs.parent == layouts.FOLDER else None
    if layout is None:
        return None
    from huggingface_hub import try_to_load_from_cache

    index = try_to_load_from_cache(layout.repository, "model_index.json")
    return Path(index).parent if isinstance(index, str) else None


def _is_sd3(configs: Path) -> bool:
    return str(single_file.index_of(configs).get("_class_name")).startswith("StableDiffusion3")


def _lacks(name: str, configs: Path, missing: list[str]) -> ModelError:
    layout = layouts.LAYOUTS.get(configs.name)
    pull = f", or get {layout.repository} with `dwlab pull {layout.repository}`" if layout else ""
    return ModelError(
        f"model {name!r} has no {', '.join(missing)} in its file: name a folder of a pipeline that "
        f"has them (config: FOLDER){pull}"
    )
