"""Adapters of a model: loaded for the cells that need them, and taken out again afterwards.

They change a loaded model in place, by diffusers' own functions. Cells with the same files form a
group that loads them once; within it, cells with the same weights share forwards.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput, ModelError, first_line
from . import adapter_files, embeddings, hub, ip_adapters, lora_files, lora_fit
from .library_patches import without_text_model
from .parts import modules_of
from .quiet import no_bars, quiet_libraries
from .settings import STOCK, without_offload_hooks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..spec.embeddings import Embedding, Embeddings
    from ..spec.ip_adapters import IPAdapters
    from ..spec.loras import Lora, Stack
    from ..spec.params import GenerationParams
    from .adapter_files import AdapterFile
    from .identity import Identity
    from .ip_adapters import IPAdapterFiles
    from .settings import Settings
    from .transfers import Listener


@dataclass(frozen=True)
class Files:
    """What has to be loaded; cells that have the same follow each other at no cost."""

    loras: tuple[AdapterFile, ...] = ()
    embeddings: tuple[tuple[AdapterFile, str], ...] = ()
    ip_adapters: tuple[IPAdapterFiles, ...] = ()


@dataclass(frozen=True)
class Adapters:
    """What is added to a model for a picture.

    weights: of the LoRAs in `files`. Those of weight 0 are left out, and the others are in the
    order of their hashes: the order in which a recipe names them means nothing.
    scales: of the IP-Adapters.
    """

    files: Files = Files()
    weights: tuple[float, ...] = ()
    scales: tuple[float, ...] = ()

    def key(self) -> str:
        """What stands for LoRAs and embeddings in a picture's key; empty if there are none."""
        loras = zip(self.files.loras, self.weights, strict=True)
        parts = {
            "loras": [[file.sha256, weight] for file, weight in loras],
            "embeddings": [[file.sha256, token] for file, token in self.files.embeddings],
        }
        used = {name: part for name, part in parts.items() if part}
        return json.dumps(used) if used else ""


NONE = Adapters()


@dataclass(frozen=True)
class Asked:
    """The adapters that a recipe names."""

    loras: Stack = ()
    embeddings: Embeddings = ()
    ip_adapter: IPAdapters = ()


def find(asked: Asked, identity: Identity) -> tuple[Asked, Adapters]:
    """Find the files of adapters for a model; returns `asked` with their hashes filled in.

    Raises InvalidInput for a file that is missing, of another kind or for another family, and
    MissingExtra.
    """
    _check_settings(asked, identity.settings)
    loras = []
    chosen = []
    for index, lora in enumerate(asked.loras):
        field = f"loras[{index}]"
        file = lora_files.find(field, lora)
        lora_fit.check(field, file, identity)
        loras.append(replace(lora, sha256=file.sha256, revision=_pinned(lora, file)))
        if lora.weight:
            chosen.append((file, lora.weight))
    words = []
    tokens = []
    for index, embedding in enumerate(asked.embeddings):
        file = embeddings.find(f"embeddings[{index}]", embedding, identity)
        revision = _pinned(embedding, file)
        words.append(replace(embedding, sha256=file.sha256, revision=revision))
        tokens.append((file, embedding.token))
    chosen.sort(key=lambda entry: (entry[0].sha256, entry[1]))
    tokens.sort(key=lambda entry: entry[1])
    shown, shown_files = ip_adapters.find(asked.ip_adapter, identity)
    files = Files(tuple(file for file, _ in chosen), tuple(tokens), shown_files)
    weights = tuple(weight for _, weight in chosen)
    scales = tuple(adapter.scale for adapter in shown if adapter.scale)
    return Asked(tuple(loras), tuple(words), shown), Adapters(files, weights, scales)


def _check_settings(asked: Asked, settings: Settings) -> None:
    """Raise InvalidInput for adapters that a model's settings do not go with.

    peft gives new layers the type of the old ones, which are turned into another one only by hooks
    that the new ones lack: so there are no LoRAs beside weights of 8 bits that nothing is computed
    in. OpenVINO computes a denoiser as it was loaded, without LoRAs and IP-Adapters.
    """
    if settings.backend == "openvino" and (asked.loras or asked.ip_adapter):
        field = "loras" if asked.loras else "ip_adapter"
        allowed = "left out with backend: openvino; leave the profile out to draw with torch"
        raise InvalidInput(field, f"{len(getattr(asked, field))} of them", allowed)
    if asked.loras and settings.quantisation == "float8-layers":
        allowed = "left out beside loras, whose layers do not compute in 8 bits; quanto-8bit works"
        raise InvalidInput("memory", settings.quantisation, allowed)


def fetch(
    params: Iterable[GenerationParams], *, download: bool, on_download: Listener | None
) -> None:
    """Get the files of the hub that recipes name; see `adapter_files.fetch`."""
    for cell in params:
        for index, lora in enumerate(cell.loras):
            adapter_files.fetch(f"loras[{index}]", lora, download, on_download)
        for index, embedding in enumerate(cell.embeddings):
            adapter_files.fetch(f"embeddings[{index}]", embedding, download, on_download)


def _pinned(entry: Lora | Embedding, file: AdapterFile) -> str:
    """The commit of the hub that a file is of, or the revision as it is."""
    return (hub.commit_of(file.path) or entry.revision) if entry.hub else ""


@contextlib.contextmanager
def loaded(
    pipeline: Any, files: Files, settings: Settings = STOCK, device: str = "cpu"
) -> Iterator[None]:
    """Add files to a pipeline for a while; afterwards it is as it was.

    settings, device: that it computes with. Raises ModelError for a file that does not load, or
    that changed since it was identified.
    """
    if files == Files():
        yield
        return
    with contextlib.ExitStack() as stack:
        with without_offload_hooks(pipeline, settings, device):
            stack.enter_context(_all_loaded(pipeline, files))
        try:
            yield
        finally:
            with without_offload_hooks(pipeline, settings, device):
                stack.close()


@contextlib.contextmanager
def _all_loaded(pipeline: Any, files: Files) -> Iterator[None]:
    with (
        ip_adapters.loaded(pipeline, files.ip_adapters),
        embeddings.loaded(pipeline, files.embeddings),
        _loras_loaded(pipeline, files.loras),
    ):
        yield


@contextlib.contextmanager
def _loras_loaded(pipeline: Any, files: Sequence[AdapterFile]) -> Iterator[None]:
    if not files:
        yield
        return
    quiet_libraries()
    if pipeline.get_list_adapters():
        raise ModelError(
            "the loaded model has adapters of its own; unload them, or leave loras out"
        )
    try:
        for file, name in zip(files, _names(files), strict=True):
            _load_lora(pipeline, file, name)
        _copy_into_memory(pipeline)
        yield
    finally:
        pipeline.unload_lora_weights()


def set_weights(pipeline: Any, adapters: Adapters) -> None:
    """Make the LoRAs and IP-Adapters of `adapters`, which are loaded, act with its weights."""
    if adapters.weights:
        pipeline.set_adapters(_names(adapters.files.loras), list(adapters.weights))
    ip_adapters.set_scales(pipeline, adapters.scales)


def _names(files: Sequence[AdapterFile]) -> list[str]:
    """What the libraries call loaded files: never names that strangers chose."""
    return [f"lora_{number}" for number in range(len(files))]


def _copy_into_memory(pipeline: Any) -> None:
    """Give the loaded layers memory of their own.

    They are views of the file, and reading a file that somebody cuts short ends the process.
    """
    for part in modules_of(pipeline).values():
        for name, parameter in part.named_parameters():
            if ".lora_" in name:
                parameter.data = parameter.data.clone()


def _load_lora(pipeline: Any, file: AdapterFile, name: str) -> None:
    adapter_files.check_unchanged(file)
    try:
        with no_bars(), without_text_model():
            pipeline.load_lora_weights(
                str(file.path.parent),
                weight_name=file.path.name,
                adapter_name=name,
                use_safetensors=True,
                local_files_only=True,
            )
    # the converters of files raise anything
    except Exception as error:
        raise ModelError(f"LoRA {file.path} does not load: {first_line(error)}") from error
    finally:
        adapter_files.check_unchanged(file)
