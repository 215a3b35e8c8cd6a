"""Modules of torch made into models of OpenVINO, which are kept on this machine."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import logging
import shutil
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ..._util.atomic import make_folder, sweep_temporaries, temporary_name
from ...errors import ModelError, first_line
from .. import fingerprint
from .library import openvino

if TYPE_CHECKING:
    from .arguments import Arguments

log = logging.getLogger(__name__)
# in a forward that is traced, so that rows can be told from single things
TRACED_ROWS = 2
# of what `convert` does beside OpenVINO's own part; to be counted up with each change
FORMAT = 2
# seconds after which a model that nobody used goes: one of Stable Diffusion 1.5 takes 3.4 GB, and
# other versions of the libraries do not read it
UNUSED = 60 * 24 * 3600


@dataclass(frozen=True)
class Source:
    """A module to convert. weights: their fingerprint. part: its name in the pipeline."""

    module: torch.nn.Module
    weights: str
    part: str
    dtype: str

    def folder(self, arguments: Arguments) -> Path:
        """Where the model for such arguments is kept."""
        import diffusers
        import platformdirs

        made_of = (
            FORMAT,
            openvino().__version__,
            torch.__version__,
            diffusers.__version__,
            self.weights,
            self.part,
            self.dtype,
            arguments.kind,
        )
        name = hashlib.sha256("\n".join(map(str, made_of)).encode()).hexdigest()[:32]
        return Path(platformdirs.user_cache_dir("dwlab")) / "openvino" / name


def model_of(source: Source, arguments: Arguments) -> Any:
    """A model for any number of rows, read from this machine's cache or converted now.

    A damaged file is converted anew. Raises ModelError if the module cannot be converted.
    """
    folder = source.folder(arguments)
    model = _kept(folder)
    if model is None:
        model = convert(source.module, arguments)
        _keep(model, folder)
    return model


def _kept(folder: Path) -> Any:
    """The model in a folder; None if there is none, or a damaged one."""
    if not folder.is_dir():
        return None
    try:
        if _hash_of(folder) == (folder / "hash").read_text("ascii"):
            model = openvino().Core().read_model(folder / "model.xml")
            _mark_as_used(folder)
            return model
        reason = "its files are not as they were written"
    except (ModelError, OSError, RuntimeError, ValueError) as error:
        reason = first_line(error)
    log.warning("%s is damaged (%s); converting the model again", folder, reason)
    shutil.rmtree(folder, ignore_errors=True)
    return None


def _keep(model: Any, folder: Path) -> None:
    """Write a model to a folder that appears as a whole; a full disk costs a conversion next time."""
    temporary = folder.parent / temporary_name("")
    try:
        make_folder(folder.parent)
        sweep_temporaries(folder.parent, depth=0)
        _remove_unused(folder.parent)
        temporary.mkdir()
        # by default weights are rounded to float16
        openvino().save_model(model, temporary / "model.xml", compress_to_fp16=False)
        (temporary / "hash").write_text(_hash_of(temporary), "ascii")
        temporary.rename(folder)
    except (ModelError, OSError, RuntimeError) as error:
        # another process may have been faster
        if not folder.is_dir():
            log.warning("the converted model was not kept in %s: %s", folder, first_line(error))
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _mark_as_used(folder: Path) -> None:
    # the disk may be read-only
    with contextlib.suppress(OSError):
        (folder / "hash").touch()


def _remove_unused(root: Path) -> None:
    """Remove the models that no process has read for a long time."""
    for mark in root.glob("*/hash"):
        # another process may remove it, too
        with contextlib.suppress(FileNotFoundError):
            if time.time() - mark.stat().st_mtime > UNUSED:
                shutil.rmtree(mark.parent, ignore_errors=True)


def _hash_of(folder: Path) -> str:
    """The hashes of a model's files, which are read again only if they changed since they were last read."""
    return "\n".join(fingerprint.of_file(folder / name) for name in ("model.xml", "model.bin"))


class _Traced(torch.nn.Module):
    """A module as a function of its tensors alone."""

    def __init__(self, module: torch.nn.Module, arguments: Arguments) -> None:
        super().__init__()
        self.module = module
        self._arguments = arguments

    def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
        return self._arguments.call(self.module, tensors)


def convert(module: torch.nn.Module, arguments: Arguments) -> Any:
    """A model of OpenVINO that answers as the module does, for any number of rows.

    Raises ModelError if OpenVINO cannot convert it.
    """
    library = openvino()
    name = type(module).__name__
    log.info("converting %s for OpenVINO", name)
    traced = _Traced(_in_float32(module), arguments)
    with torch.inference_mode(mode=False), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # copies, because tensors of inference mode cannot be traced
        example = tuple(plain(tensor).clone() for tensor in arguments.resized(TRACED_ROWS))
        try:
            model = library.convert_model(traced, example_input=example)
            shapes = map(library.PartialShape, arguments.shapes(-1))
            model.reshape(dict(enumerate(shapes)))
        # tracing runs any code of the model
        except Exception as error:
            raise ModelError(
                f"backend openvino: {name} cannot be converted ({first_line(error)}); "
                "leave the profile or the backend out"
            ) from error
    return model


def _in_float32(module: torch.nn.Module) -> torch.nn.Module:
    """A module in float32, which OpenVINO rounds while it computes: itself, or a copy."""
    if all(tensor.dtype == torch.float32 for tensor in module.parameters()):
        return module
    attributes = vars(module)
    replaced = attributes.pop("forward", None)
    try:
        return copy.deepcopy(module).float()
    finally:
        if replaced is not None:
            attributes["forward"] = replaced


def plain(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor as converted models take it: in float32 unless it holds whole numbers."""
    if tensor.is_floating_point():
        tensor = tensor.to(torch.float32)
    return tensor.contiguous()
