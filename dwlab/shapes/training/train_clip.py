"""The last stage of the training of `shapes`: a small CLIP, which tells how well a caption fits a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from ..captions import asked, training_caption
from ..world import CHOICES, Scene, draw, random_scene
from . import build
from .learn import Run, learn

if TYPE_CHECKING:
    import numpy as np
    from transformers import CLIPModel, CLIPTextModel

LOOK_ALIKES = 8  # scenes of a batch that were made from one by changing an attribute or two


class Namer(torch.nn.Module):
    """A CLIP with a small head per attribute on its picture tower, which names what the picture shows."""

    def __init__(self, clip: CLIPModel):
        super().__init__()
        self.clip = clip
        width = clip.config.vision_config.hidden_size
        self.heads = torch.nn.ModuleDict(
            {a: torch.nn.Linear(width, len(words)) for a, words in CHOICES.items()}
        )

    def loss(self, seen: torch.Tensor, scenes: list[Scene]) -> torch.Tensor:
        """Cross-entropy of the names, summed over the attributes, for pooled pictures [B, width] of `scenes`."""
        right = {
            a: [words.index(getattr(scene, a)) for scene in scenes] for a, words in CHOICES.items()
        }
        losses = [
            F.cross_entropy(head(seen), seen.new_tensor(right[a]).long())
            for a, head in self.heads.items()
        ]
        return torch.stack(losses).sum()


def train_clip(run: Run, text: CLIPTextModel, samples: int, *, batch: int = 256) -> CLIPModel:
    """Contrastive training (Radford et al. 2021) of a picture tower and of a text tower that starts from `text`.

    A batch is made of look-alikes, because among unrelated pictures the colours alone tell most pairs apart; and a
    caption that leaves something out belongs to every picture of the batch that it fits. The picture tower also
    learns to name what it sees: from the pairs alone it found places and shapes too slowly.
    """
    model = Namer(build.clip(text)).to(run.device)
    see = build.image_processor()

    def loss_of(rng: np.random.Generator) -> torch.Tensor:
        scenes = [s for _ in range(batch // LOOK_ALIKES) for s in look_alikes(rng)]
        captions = [training_caption(scene, rng, lies=0) for scene in scenes]
        pictures = see(
            [draw(s, rng, build.CLIP_SIDE) for s in scenes], return_tensors="pt"
        ).pixel_values
        found = model.clip(
            input_ids=run.tokens(captions, padding="longest"), pixel_values=pictures.to(run.device)
        )
        fits = fitting(captions, scenes).to(run.device)
        named = model.loss(found.vision_model_output.pooler_output.float(), scenes)
        return (
            contrast(found.logits_per_text, fits) + contrast(found.logits_per_image, fits.T)
        ) / 2 + named

    learn(run, "clip", model, loss_of, rate=1e-3, batch=batch, samples=samples)
    return model.clip


def look_alikes(rng: np.random.Generator) -> list[Scene]:
    """LOOK_ALIKES scenes outside the held-out tenth: one, and others that differ from it in one attribute or two."""
    first = random_scene(rng, held_out=False)
    found = [first]
    while len(found) < LOOK_ALIKES:
        words = first.as_dict()
        for attribute in rng.choice(list(CHOICES), size=rng.integers(1, 3), replace=False):
            words[attribute] = str(rng.choice(CHOICES[attribute]))
        scene = Scene(**words)
        if not scene.held_out and scene.colour != scene.background:
            found.append(scene)
    return found


def fitting(captions: list[str], scenes: list[Scene]) -> torch.Tensor:
    """Whether scene j shows all that caption i says, as [captions, scenes] of 0 and 1."""
    words = [scene.as_dict().items() for scene in scenes]
    return torch.tensor(
        [[float(said.items() <= shown) for shown in words] for said in map(asked, captions)]
    )


def contrast(scores: torch.Tensor, fits: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of `scores` [B, B] where a row may have several right answers, all as good."""
    return F.cross_entropy(scores.float(), fits / fits.sum(dim=1, keepdim=True))
