"""Whether a LoRA belongs to a model: its layers' names and sizes, without loading the model."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._util.jsonfile import read_object
from ..errors import InvalidInput, first_line, shortened
from ..spec import catalog
from . import weight_files
from .adapter_files import read_header
from .quiet import quiet_libraries

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from .adapter_files import AdapterFile
    from .identity import Identity

    Shape = tuple[int, ...]

# what diffusers puts LoRA layers into
_PARTS = ("unet", "transformer", "text_encoder", "text_encoder_2", "text_encoder_3")
_DENOISERS = ("unet", "transformer")
# families by the size of the text that their denoisers attend to
_TEXT_SIZES = {768: "SD 1.5", 1024: "SD 2", 2048: "SDXL", 4096: "SD3 or FLUX.1"}
# transformers' CLIP has lost this level, older files still name it
_OLD_LEVEL = "text_model."


@dataclass(frozen=True)
class _Layer:
    """How many numbers a layer takes and gives."""

    inputs: int
    outputs: int


def check(field: str, file: AdapterFile, identity: Identity) -> None:
    """Raise InvalidInput, in words, for a LoRA that was made for another family than a model's.

    field: where the recipe names the file. Reads the LoRA and the headers of the model's weights.
    """
    problem = _problem(file, identity)
    if problem:
        raise InvalidInput(f"{field}.file", str(file.path), problem)


@functools.lru_cache(maxsize=256)
def _problem(file: AdapterFile, identity: Identity) -> str | None:
    if catalog.lookup(identity.name).random:
        return f"nothing for {identity.name}, which is for measuring"
    pipeline = _pipeline_class(identity.folder)
    name = pipeline.__name__
    if not hasattr(pipeline, "load_lora_weights"):
        return f"nothing for model {identity.name!r}: diffusers loads no LoRA into a {name}"
    try:
        changed = _layers_of_lora(pipeline, file.path, identity.folder)
    # the converters of files raise anything
    except Exception as error:  # noqa: BLE001
        reason = shortened(first_line(error), 200)
        return f"a LoRA that diffusers can read for a {name}; it says: {reason}"
    if identity.checkpoint is None:
        present = _layers_of_model(identity.folder, identity.variant)
    else:
        # its layers have other names in the file, and of its text encoders only the sizes are known
        present = _layers_of_configs(identity.folder)
        changed = {layer: size for layer, size in changed.items() if _is_of_denoiser(layer)}
        if not changed:
            return None
    return _misfit(changed, present, identity.name, name)


def _misfit(
    changed: Mapping[str, _Layer], present: Mapping[str, _Layer], model: str, pipeline: str
) -> str | None:
    """Why layers do not belong to a model, in words; None if they do."""
    kind = f"a LoRA for model {model!r} (a {pipeline})"
    common = [name for name in changed if name in present]
    of_denoiser = [name for name in changed if _is_of_denoiser(name)]
    is_strange = bool(of_denoiser) and not present.keys() & of_denoiser
    if is_strange or not common:
        return f"{kind}; this one changes layers that the model does not have{_made_for(changed)}"
    for name in common:
        if changed[name] != present[name]:
            theirs, ours = changed[name], present[name]
            return (
                f"{kind}; this one is for layers of another size: {name} takes {theirs.inputs} "
                f"numbers and gives {theirs.outputs}, and the model's takes {ours.inputs} and gives "
                f"{ours.outputs}{_made_for(changed)}"
            )
    return None


def _is_of_denoiser(layer: str) -> bool:
    return layer.partition(".")[0] in _DENOISERS


def _made_for(changed: Mapping[str, _Layer]) -> str:
    """The family that a LoRA was made for, as far as its layers tell."""
    names = list(changed)
    if any(".single_transformer_blocks." in name for name in names):
        return "; it was made for FLUX.1 or a model like it"
    for name, layer in changed.items():
        if name.endswith("attn2.to_k") and layer.inputs in _TEXT_SIZES:
            return f"; it was made for {_TEXT_SIZES[layer.inputs]}"
    example = shortened(next(iter(names), "none"), 100)
    return f" (the first one is {example!r})"


def _pipeline_class(folder: Path) -> Any:
    quiet_libraries()
    import diffusers

    name = str(read_object(folder / "model_index.json").get("_class_name"))
    return getattr(diffusers, name)


def _layers_of_lora(pipeline: Any, path: Path, folder: Path) -> dict[str, _Layer]:
    """The layers that a file changes, as diffusers names them for a class of pipelines."""
    options = {}
    config = folder / "unet" / "config.json"
    if pipeline.__name__.startswith("StableDiffusionXL") and config.is_file():
        # as its load_lora_weights does, to find the blocks that kohya's names mean
        options["unet_config"] = _Config(read_object(config))
    converted = pipeline.lora_state_dict(
        str(path.parent),
        weight_name=path.name,
        use_safetensors=True,
        local_files_only=True,
        **options,
    )
    tensors = converted[0] if isinstance(converted, tuple) else converted
    return _layers(_with_peft_names(tensors))


class _Config(dict[str, Any]):
    """A config whose entries are attributes too, as diffusers' own."""

    __getattr__ = dict.__getitem__


def _with_peft_names(tensors: Mapping[str, Any]) -> dict[str, Shape]:
    """The shape of each tensor by part and layer, in peft's names, as diffusers loads them."""
    from diffusers.utils import convert_state_dict_to_diffusers, convert_state_dict_to_peft
    from diffusers.utils import convert_unet_state_dict_to_peft as convert_denoiser

    shapes: dict[str, Shape] = {}
    for part in _PARTS:
        own = _of_part(tensors, part)
        if not own:
            continue
        if part not in _DENOISERS:
            own = convert_state_dict_to_peft(convert_state_dict_to_diffusers(own))
        elif "lora_A" not in next(iter(own)):
            own = convert_denoiser(own)
        shapes |= {f"{part}.{name}": tuple(tensor.shape) for name, tensor in own.items()}
    return shapes


def _of_part(tensors: Mapping[str, Any], part: str) -> dict[str, Any]:
    start = f"{part}."
    return {
        name.removeprefix(start): tensor
        for name, tensor in tensors.items()
        if name.startswith(start)
    }


def _layers(shapes: Mapping[str, Shape]) -> dict[str, _Layer]:
    """Each layer that has both halves of a LoRA."""
    layers = {}
    for name, shape in shapes.items():
        layer, separator, rest = name.partition(".lora_A")
        other = shapes.get(f"{layer}.lora_B{rest}")
        if separator and other and len(shape) > 1 and len(other) > 1:
            layers[layer.replace(f".{_OLD_LEVEL}", ".")] = _Layer(shape[1], other[0])
    return layers


@functools.lru_cache(maxsize=8)
def _layers_of_model(folder: Path, variant: str | None) -> dict[str, _Layer]:
    """The layers of a pipeline's folder by part and name, from the headers of its weights."""
    layers = {}
    for part in _PARTS:
        for name, shape in _shapes_in(weight_files.files_of_part(folder / part, variant)):
            if len(shape) > 1 and name.endswith(".weight"):
                layer = f"{part}.{name.removesuffix('.weight')}"
                layers[layer.replace(f".{_OLD_LEVEL}", ".")] = _Layer(shape[1], shape[0])
    return layers


@functools.lru_cache(maxsize=8)
def _layers_of_configs(folder: Path) -> dict[str, _Layer]:
    """The layers of a denoiser by its config, built without memory for its weights."""
    import accelerate
    import diffusers

    layers = {}
    for part in _DENOISERS:
        path = folder / part / "config.json"
        if not path.is_file():
            continue
        config = read_object(path)
        with accelerate.init_empty_weights():
            denoiser = getattr(diffusers, str(config["_class_name"])).from_config(config)
        for name, weight in denoiser.named_parameters():
            if weight.ndim > 1 and name.endswith(".weight"):
                layer = f"{part}.{name.removesuffix('.weight')}"
                layers[layer] = _Layer(weight.shape[1], weight.shape[0])
    return layers


def _shapes_in(paths: Iterable[Path]) -> Iterable[tuple[str, Shape]]:
    for path in paths:
        yield from read_header(path).shapes.items()
