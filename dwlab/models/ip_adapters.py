"""IP-Adapters: found and checked before a run, put into a model for a while, and taken out again."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput, ModelError, first_line
from . import adapter_files, alterations, image_encoders, ip_adapter_fit
from .quiet import no_bars, quiet_libraries

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..spec.ip_adapters import IPAdapter, IPAdapters
    from .adapter_files import AdapterFile
    from .identity import Identity
    from .image_encoders import Encoder

# the parts of a pipeline that see the pictures
_PARTS = ("image_encoder", "feature_extractor")


@dataclass(frozen=True)
class IPAdapterFiles:
    """What has to be loaded for an IP-Adapter. encoder: None for the one that the model has."""

    file: AdapterFile
    encoder: Encoder | None

    @property
    def encoder_weights(self) -> str:
        """The fingerprint of the encoder; empty for the model's own, which the model's covers."""
        return self.encoder.weights if self.encoder else ""


def find(adapters: IPAdapters, identity: Identity) -> tuple[IPAdapters, tuple[IPAdapterFiles, ...]]:
    """Find the files of IP-Adapters; returns `adapters` with their hashes filled in.

    The files are those of the adapters that act. Raises InvalidInput for a model that takes none,
    for files that are missing, of another kind or of other sizes than the model's, and for several
    image encoders, of which diffusers takes one.
    """
    named = []
    chosen = []
    for index, adapter in enumerate(adapters):
        field = f"ip_adapter[{index}]"
        files = _find(field, adapter, identity)
        content = files.file.sha256
        named.append(replace(adapter, sha256=content, encoder_weights=files.encoder_weights))
        if not adapter.scale:
            continue
        chosen.append(files)
        if files.encoder_weights != chosen[0].encoder_weights:
            allowed = "the image encoder of the first IP-Adapter, because diffusers has one for all"
            raise InvalidInput(f"{field}.encoder", adapter.encoder or "another one", allowed)
    return tuple(named), tuple(chosen)


def largest(recipes: Iterable[IPAdapters], identity: Identity) -> tuple[IPAdapterFiles, ...]:
    """The files of the recipe whose IP-Adapters need most memory; raises what `find` does."""
    files = [find(adapters, identity)[1] for adapters in recipes]
    return max(files, key=_bytes, default=())


def _bytes(adapters: Sequence[IPAdapterFiles]) -> int:
    return sum(adapter.file.path.stat().st_size for adapter in adapters)


def _find(field: str, adapter: IPAdapter, identity: Identity) -> IPAdapterFiles:
    ip_adapter_fit.check_model(field, identity)
    file = adapter_files.find(field, adapter.file, adapter.sha256)
    projection = ip_adapter_fit.check_file(field, file, identity)
    encoder = image_encoders.find(field, adapter, file, projection, identity)
    return IPAdapterFiles(file, encoder)


@contextlib.contextmanager
def loaded(pipeline: Any, adapters: Sequence[IPAdapterFiles]) -> Iterator[None]:
    """Put IP-Adapters into a pipeline for a while; afterwards it is as it was.

    Raises ModelError for a file that does not load or that changed since it was identified, and if
    the pipeline cannot be put back exactly.
    """
    if not adapters:
        yield
        return
    before = _Original.of(pipeline)
    try:
        _load(pipeline, adapters)
        yield
    finally:
        before.put_back(pipeline)


@dataclass(frozen=True)
class _Original:
    """What an IP-Adapter changes in a pipeline, as it was before. state: of the whole pipeline."""

    processors: dict[str, Any]
    projection: Any
    projection_kind: str | None
    parts: dict[str, Any]
    state: alterations.State

    @classmethod
    def of(cls, pipeline: Any) -> _Original:
        unet = pipeline.unet
        return cls(
            processors=dict(unet.attn_processors),
            projection=unet.encoder_hid_proj,
            projection_kind=unet.config.encoder_hid_dim_type,
            parts={name: getattr(pipeline, name) for name in _PARTS},
            state=alterations.State.of(pipeline).without_hooks(),
        )

    def put_back(self, pipeline: Any) -> None:
        """Raises ModelError if the pipeline is not as it was."""
        unet = pipeline.unet
        # torch keeps modules and plain values apart, and setting None leaves it among the modules
        del unet.encoder_hid_proj
        unet.encoder_hid_proj = self.projection
        # now that the projection, which may have processors of its own, is gone
        unet.set_attn_processor(dict(self.processors))
        unet.config.encoder_hid_dim_type = self.projection_kind
        pipeline.register_modules(**self.parts)
        if alterations.State.of(pipeline).without_hooks() != self.state:
            raise ModelError(
                "the model could not be put back as it was before the IP-Adapter; run the command "
                "again, which loads it anew"
            )


def set_scales(pipeline: Any, scales: Sequence[float]) -> None:
    """Make the IP-Adapters that are loaded act with these scales."""
    if scales:
        pipeline.set_ip_adapter_scale(list(scales))


def _load(pipeline: Any, adapters: Sequence[IPAdapterFiles]) -> None:
    quiet_libraries()
    encoder = adapters[0].encoder
    if encoder is not None:
        module = image_encoders.read(encoder, pipeline)
        pipeline.register_modules(image_encoder=module)
    weights = [_weights(each.file) for each in adapters]
    try:
        with no_bars():
            # stock's way to save memory while loading acts on the whole process
            pipeline.load_ip_adapter(
                weights,
                subfolder="",
                weight_name=[each.file.path.name for each in adapters],
                image_encoder_folder=None,
                low_cpu_mem_usage=False,
            )
    # files can be anything
    except Exception as error:
        names = ", ".join(str(each.file.path) for each in adapters)
        raise ModelError(f"IP-Adapter {names} does not load: {first_line(error)}") from error


def _weights(file: AdapterFile) -> dict[str, dict[str, Any]]:
    """The tensors of a file in the two groups that diffusers knows."""
    from safetensors.torch import load

    adapter_files.check_unchanged(file)
    groups: dict[str, dict[str, Any]] = {"image_proj": {}, "ip_adapter": {}}
    # not `load_file`, whose tensors are views of a file that somebody may cut short
    for name, tensor in load(file.path.read_bytes()).items():
        group, _, rest = name.partition(".")
        if group in groups:
            groups[group][rest] = tensor
    adapter_files.check_unchanged(file)
    return groups
