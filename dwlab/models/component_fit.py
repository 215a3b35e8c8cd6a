"""Whether a part from elsewhere fits a model: its class, and the sizes that others depend on."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .._util.jsonfile import read_object
from ..errors import InvalidInput
from ..spec import safetensors_header
from . import component_tensors, weight_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from .components import ModelPart

    Config = Mapping[str, Any]

CONFIG = "config.json"
_TOKENIZER_CONFIG = "tokenizer_config.json"
_LIBRARIES = ("diffusers", "transformers")
_VAE = "vae"
# a small VAE that was made for the latents of the large one, whose scale it does not need
_TINY = "AutoencoderTiny"
_LARGE = "AutoencoderKL"
# what latents are multiplied with, and moved by
_SCALES = ("scaling_factor", "shift_factor", "latents_mean", "latents_std")
_CHANNELS = ("latent_channels", "z_dim")
# entries of configs that decide what a part takes from the others, or gives to them
_SIZES = (
    "in_channels",
    "out_channels",
    "cross_attention_dim",
    "joint_attention_dim",
    "pooled_projection_dim",
    "caption_channels",
    "encoder_hid_dim",
    "addition_embed_type",
    "projection_class_embeddings_input_dim",
    "text_dim",
    "cap_feat_dim",
    "text_embed_dim",
    "hidden_size",
    "d_model",
)
# of encoders whose class has a projection only
_PROJECTION = "projection_dim"


def check_name(field: str, name: str, classes: Mapping[str, tuple[str, str]]) -> None:
    """Raise InvalidInput for a part that the model does not have or that cannot be another one.

    classes: (library, class) of the model's parts.
    """
    changeable = [each for each, kind in classes.items() if _is_changeable(*kind)]
    if name in changeable:
        return
    allowed = f"one of the parts of this model: {', '.join(changeable)}"
    if name == "scheduler":
        allowed = "left out; the scheduler has a parameter of its own"
    raise InvalidInput(field, name, allowed)


def _is_changeable(library: str, cls: str) -> bool:
    is_known = library in _LIBRARIES and "Safety" not in cls
    return is_known and (weight_files.needs_weights(cls) or "Tokenizer" in cls)


def checked(field: str, part: ModelPart, folder: Path) -> ModelPart:
    """The part with its own class; raises InvalidInput for one that does not fit the model.

    folder: with the configs of the model. Reads configs and headers only.
    """
    own = _config(folder / part.name)
    if part.is_file:
        if part.name == _VAE:
            _check_tensors(field, part, own)
        else:
            component_tensors.check(field, part, folder / part.name)
        return part
    if "Tokenizer" in part.cls:
        _check_tokenizer(field, part)
        return part
    config = _config(part.path)
    cls = _class_of(config)
    is_tiny = cls == _TINY and part.cls == _LARGE
    if cls != part.cls and not is_tiny:
        raise InvalidInput(
            field, str(part.path), f"a {part.cls} (this is a {cls or 'part of no class'})"
        )
    chosen = replace(part, cls=cls)
    try:
        _check_sizes(field, part, chosen, config, own)
    except InvalidInput as error:
        note = component_tensors.first_difference(chosen, folder / part.name)
        raise InvalidInput(field, str(part.path), f"{error.allowed}{note}") from None
    component_tensors.check(field, chosen, folder / part.name)
    return chosen


def _check_sizes(
    field: str, part: ModelPart, chosen: ModelPart, config: Config, own: Config
) -> None:
    """Raise InvalidInput for a part whose sizes do not fit the others. chosen: with its own class."""
    if part.name == _VAE:
        _check_vae(field, chosen, _with_defaults(config, chosen), _with_defaults(own, part))
        return
    names = [*_SIZES, _PROJECTION] if "Projection" in chosen.cls else _SIZES
    _check_equal(field, part, names, _with_defaults(config, part), _with_defaults(own, part))


def _config(folder: Path) -> dict[str, Any]:
    path = folder / CONFIG
    return read_object(path) if path.is_file() else {}


def _class_of(config: Config) -> str:
    """The class that a config names; transformers lists it."""
    architectures = config.get("architectures")
    if isinstance(architectures, list) and architectures:
        return str(architectures[0])
    return str(config.get("_class_name") or "")


def _with_defaults(config: Config, part: ModelPart) -> Config:
    """A config with what its class takes for entries that are left out."""
    if part.library != "diffusers":
        return config
    import diffusers

    parameters = inspect.signature(getattr(diffusers, part.cls)).parameters.values()
    defaults = {each.name: each.default for each in parameters if each.default is not each.empty}
    return {**defaults, **config}


def _check_vae(field: str, part: ModelPart, config: Config, own: Config) -> None:
    _check_equal(field, part, _CHANNELS, config, own)
    if (scale := _spatial_scale(config)) != (own_scale := _spatial_scale(own)):
        allowed = f"a VAE that makes pictures {own_scale} times as large as latents (this: {scale})"
        raise InvalidInput(field, str(part.path), allowed)
    if part.cls != _TINY:
        _check_equal(field, part, _SCALES, config, own)


def _spatial_scale(config: Config) -> int:
    """How many pixels of a side a latent stands for."""
    channels = config.get("decoder_block_out_channels") or config.get("block_out_channels")
    return 2 ** (len(channels) - 1) if isinstance(channels, list | tuple) else 0


def _check_equal(
    field: str, part: ModelPart, names: tuple[str, ...] | list[str], config: Config, own: Config
) -> None:
    """Raise InvalidInput for an entry that is not the one of the model's own part."""
    for name in names:
        if config.get(name) != own.get(name):
            allowed = (
                f"a {part.name} for this model, whose {name} is {own.get(name)} "
                f"(this has {config.get(name)})"
            )
            raise InvalidInput(field, str(part.path), allowed)


def _check_tokenizer(field: str, part: ModelPart) -> None:
    path = part.path / _TOKENIZER_CONFIG
    named = str(read_object(path).get("tokenizer_class") or part.cls) if path.is_file() else ""
    if named.removesuffix("Fast") != part.cls.removesuffix("Fast"):
        raise InvalidInput(
            field, str(part.path), f"a {part.cls} (this is a {named or 'part of no class'})"
        )


def _check_tensors(field: str, part: ModelPart, own: Config) -> None:
    """Refuse a single file unless its first layer takes the latents of the model's own VAE."""
    tensors = safetensors_header.read(part.path).tensors
    shapes = {
        name.removeprefix("first_stage_model.").removeprefix("vae."): tensor.shape
        for name, tensor in tensors.items()
    }
    shape = shapes.get("decoder.conv_in.weight")
    if shape is None:
        raise InvalidInput(field, str(part.path), "a file with a VAE; this one has no decoder")
    config = _with_defaults(own, part)
    expected = (config["block_out_channels"][-1], config["latent_channels"])
    if shape[:2] != expected:
        allowed = (
            f"a VAE for this model, whose decoder begins with {expected[1]} channels to "
            f"{expected[0]} (this: {shape[1]} to {shape[0]})"
        )
        raise InvalidInput(field, str(part.path), allowed)
