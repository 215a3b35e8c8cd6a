"""The last stage: a small CLIP, which tells how well a caption fits a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from ..captions import named_attributes, training_caption
from ..world import CHOICES, Scene, draw, random_scene
from . import architecture
from .loop import learn

if TYPE_CHECKING:
    import numpy as np
    from transformers import CLIPModel, CLIPTextModel

    from .training_run import TrainingRun

# scenes of a batch that are made from one by changing an attribute or two
LOOK_ALIKES = 8


class Namer(torch.nn.Module):
    """A CLIP with a small head per attribute that names what the picture shows."""

    def __init__(self, clip: CLIPModel):
        super().__init__()
        self.clip = clip
        width = clip.config.vision_config.hidden_size
        heads = {name: torch.nn.Linear(width, len(words)) for name, words in CHOICES.items()}
        self.heads = torch.nn.ModuleDict(heads)

    def loss(self, pooled: torch.Tensor, scenes: list[Scene]) -> torch.Tensor:
        """Cross-entropy of the names, summed over the attributes.

        pooled: [B, width], of the pictures of `scenes`.
        """
        losses = []
        for attribute, head in self.heads.items():
            words = CHOICES[attribute]
            right = [words.index(getattr(scene, attribute)) for scene in scenes]
            losses.append(F.cross_entropy(head(pooled), pooled.new_tensor(right).long()))
        return torch.stack(losses).sum()


def train_clip(
    run: TrainingRun, text: CLIPTextModel, samples: int, *, batch: int = 256
) -> CLIPModel:
    """Contrastive training (Radford et al. 2021) of a picture tower and a text tower.

    The text tower starts from `text`. A batch is made of look-alikes, because the colours alone
    distinguish most unrelated pictures; and a caption that leaves something out belongs to every
    picture of the batch that it fits. The picture tower also learns to name what it sees: from the
    pairs alone it learned positions and shapes too slowly.
    """
    model = Namer(architecture.clip(text)).to(run.device)
    processor = architecture.image_processor()

    def loss_of(rng: np.random.Generator) -> torch.Tensor:
        scenes = []
        for _ in range(batch // LOOK_ALIKES):
            scenes += look_alikes(rng)
        captions = [training_caption(scene, rng, lies=0) for scene in scenes]
        pictures = [draw(scene, rng, architecture.CLIP_SIDE) for scene in scenes]
        pixels = processor(pictures, return_tensors="pt").pixel_values
        output = model.clip(
            input_ids=run.tokens(captions, padding="longest"),
            pixel_values=pixels.to(run.device),
        )
        fits = fitting(captions, scenes).to(run.device)
        naming = model.loss(output.vision_model_output.pooler_output.float(), scenes)
        from_text = contrast(output.logits_per_text, fits)
        from_picture = contrast(output.logits_per_image, fits.T)
        return (from_text + from_picture) / 2 + naming

    learn(run, "clip", model, loss_of, rate=1e-3, batch=batch, samples=samples)
    return model.clip


def look_alikes(rng: np.random.Generator) -> list[Scene]:
    """LOOK_ALIKES scenes outside the held-out tenth.

    All but the first differ from it in one attribute or two.
    """
    first = random_scene(rng, held_out=False)
    scenes = [first]
    while len(scenes) < LOOK_ALIKES:
        words = first.as_dict()
        for attribute in rng.choice(list(CHOICES), size=rng.integers(1, 3), replace=False):
            words[attribute] = str(rng.choice(CHOICES[attribute]))
        scene = Scene(**words)
        if not scene.held_out and scene.colour != scene.background:
            scenes.append(scene)
    return scenes


def fitting(captions: list[str], scenes: list[Scene]) -> torch.Tensor:
    """Whether scene j shows all that caption i says, as [captions, scenes] of 0 and 1."""
    shown = [scene.as_dict().items() for scene in scenes]
    rows = []
    for caption in captions:
        named = named_attributes(caption).items()
        rows.append([float(named <= words) for words in shown])
    return torch.tensor(rows)


def contrast(scores: torch.Tensor, fits: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of `scores` [B, B] where a row may have several right answers, all as good."""
    return F.cross_entropy(scores.float(), fits / fits.sum(dim=1, keepdim=True))
