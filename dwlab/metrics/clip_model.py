"""A network like CLIP in memory: vectors of texts and pictures."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from ..errors import ModelError, first_line
from ..models import size_limits, trust
from ..models.quiet import no_bars

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import torch
    from PIL import Image

    from .clip_folder import ClipFolder

log = logging.getLogger(__name__)
TEXTS_AT_ONCE = 64
LAYERS = 4  # whose features are compared


class ClipModel:
    """A network like CLIP, in float32 on a device.

    Raises ModelError for a folder that does not load, or whose weights are not all there and finite.
    """

    def __init__(self, clip: ClipFolder, device: str) -> None:
        self._device = device
        self._texts: dict[str, torch.Tensor] = {}
        self._folder = clip.folder
        try:
            with no_bars(), trust.no_code():
                self._load(clip)
        except ModelError:
            raise
        # a folder can hold anything
        except Exception as error:
            raise ModelError(f"{clip.folder} does not load: {first_line(error)}") from error

    def _load(self, clip: ClipFolder) -> None:
        import torch
        from transformers import AutoImageProcessor, AutoModel, AutoTokenizer

        weights = trust.check_part(clip.folder)
        options = {"local_files_only": True, "trust_remote_code": False}
        self._tokenizer: Any = AutoTokenizer.from_pretrained(clip.folder, **options)
        self._processor: Any = AutoImageProcessor.from_pretrained(clip.folder, **options)
        with size_limits.building(clip.folder.name, weights.tensors, weights.bytes):
            model, report = AutoModel.from_pretrained(
                clip.folder,
                use_safetensors=True,
                dtype=torch.float32,
                output_loading_info=True,
                **options,
            )
        missing = sorted(report["missing_keys"])
        if missing:
            raise ModelError(
                f"{clip.folder} lacks weights ({missing[0]} and {len(missing) - 1} more); copy or "
                "download it again"
            )
        _check_finite(clip, model.named_parameters())
        self.model: Any = model.to(self._device).eval()

    def texts(self, prompts: Sequence[str]) -> torch.Tensor:
        """The vectors of texts, of length 1: (texts, width). Each text is encoded once."""
        import torch

        new = [prompt for prompt in dict.fromkeys(prompts) if prompt not in self._texts]
        for start in range(0, len(new), TEXTS_AT_ONCE):
            batch = new[start : start + TEXTS_AT_ONCE]
            self._texts |= dict(zip(batch, self._encoded(batch), strict=True))
        return torch.stack([self._texts[prompt] for prompt in prompts])

    def _encoded(self, prompts: Sequence[str]) -> torch.Tensor:
        import torch

        limit = self._token_limit()
        self._note_long(prompts, limit)
        # SigLIP was trained with texts of full length; for the others padding changes nothing
        padding = "max_length" if self.model.config.model_type.startswith("siglip") else True
        tokens = self._tokenizer(
            list(prompts), padding=padding, truncation=True, max_length=limit, return_tensors="pt"
        )
        with torch.inference_mode():
            return _unit(self.model.get_text_features(**tokens.to(self._device)))

    def _token_limit(self) -> int:
        """How many tokens of a text the network reads."""
        config = self.model.config.text_config
        limit = getattr(config, "max_position_embeddings", None) or 512
        # RoBERTa counts positions from behind its padding token
        if config.model_type in ("roberta", "altclip_text_model"):
            limit -= config.pad_token_id + 1
        return min(int(limit), int(self._tokenizer.model_max_length))

    def _note_long(self, prompts: Sequence[str], limit: int) -> None:
        lengths = [len(tokens) for tokens in self._tokenizer(list(prompts)).input_ids]
        cut = sum(length > limit for length in lengths)
        if cut:
            log.warning("%s reads %d tokens of a prompt; %d are longer", self._folder, limit, cut)

    def pictures(self, pictures: Sequence[Image.Image]) -> torch.Tensor:
        """The vectors of pictures, of length 1: (pictures, width)."""
        import torch

        with torch.inference_mode():
            return _unit(self.model.get_image_features(**self._inputs(pictures)))

    def logits(self, pictures: Sequence[Image.Image], prompts: Sequence[str]) -> torch.Tensor:
        """What the network calls `logits_per_image` of each picture with its own prompt."""
        cosines = (self.pictures(pictures) * self.texts(prompts)).sum(dim=-1)
        bias = getattr(self.model, "logit_bias", 0)
        return (cosines * self.model.logit_scale.exp() + bias).detach()

    def check_layers(self) -> None:
        """Raise ModelError for a network whose layers cannot be compared place by place."""
        if self.model.config.model_type == "siglip2":
            raise ModelError(
                f"{self._folder} cuts pictures into any number of patches (siglip2), which cannot "
                "be compared place by place; take another network"
            )

    def layers(self, pictures: Sequence[Image.Image]) -> torch.Tensor:
        """The features of pictures in four layers, of length 1: (pictures, layers, places, width).

        The layers are evenly spaced, from the first to the last. Places are patches, without the
        token that stands for the whole picture.
        """
        import torch

        encoder = self.model.vision_model
        with torch.inference_mode():
            hidden = encoder(**self._inputs(pictures), output_hidden_states=True).hidden_states
        last = len(hidden) - 1
        chosen = sorted({1 + round(step * (last - 1) / (LAYERS - 1)) for step in range(LAYERS)})
        features = torch.stack([hidden[at] for at in chosen], dim=1)
        if getattr(encoder.embeddings, "class_embedding", None) is not None:
            features = features[:, :, 1:]
        return torch.nn.functional.normalize(features, dim=-1)

    def _inputs(self, pictures: Sequence[Image.Image]) -> Any:
        images = [picture.convert("RGB") for picture in pictures]
        return self._processor(images=images, return_tensors="pt").to(self._device)


def _unit(features: Any) -> torch.Tensor:
    """Features with length 1; transformers returns them alone, or as the pooled output."""
    import torch

    if not isinstance(features, torch.Tensor):
        features = features.pooler_output
    unit: torch.Tensor = features / features.norm(dim=-1, keepdim=True)
    return unit


def _check_finite(clip: ClipFolder, parameters: Iterator[tuple[str, torch.Tensor]]) -> None:
    for name, parameter in parameters:
        if not parameter.isfinite().all():
            raise ModelError(
                f"{clip.folder} has weights that are not finite numbers ({name}); copy or download "
                "it again"
            )
