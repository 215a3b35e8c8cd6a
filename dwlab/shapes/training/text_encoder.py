"""The second stage: a text encoder that holds every attribute of a caption at its end token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from ..captions import named_attributes, training_caption
from ..world import ATTRIBUTES, CHOICES, random_scene
from . import architecture
from .loop import learn

if TYPE_CHECKING:
    import numpy as np
    from transformers import CLIPTextModel

    from .training_run import TrainingRun


class Reader(torch.nn.Module):
    """A text encoder with a small head per attribute.

    A head says the word of its attribute, or that the caption does not name the attribute.
    """

    def __init__(self, run: TrainingRun):
        super().__init__()
        self.text = architecture.text_encoder(run.words)
        width = self.text.config.hidden_size
        heads = {name: torch.nn.Linear(width, 1 + len(CHOICES[name])) for name in ATTRIBUTES}
        self.heads = torch.nn.ModuleDict(heads)
        self.to(run.device)

    def forward(self, ids: torch.Tensor) -> dict[str, torch.Tensor]:
        """Scores [B, words] for each attribute, read at the end token."""
        pooled = self.text(ids).pooler_output.float()
        return {name: head(pooled) for name, head in self.heads.items()}


def train_text_encoder(run: TrainingRun, samples: int, *, batch: int = 256) -> CLIPTextModel:
    """Teach a text encoder to hold every attribute before the denoiser listens to it.

    Trained against pictures instead, it learned colours and sizes but no positions or shapes:
    colours alone distinguish most pairs of a batch.
    """
    model = Reader(run)

    def loss_of(rng: np.random.Generator) -> torch.Tensor:
        captions = [training_caption(random_scene(rng, held_out=False), rng) for _ in range(batch)]
        named = [named_attributes(caption) for caption in captions]
        # the encoder is causal, so that it needs no padding after the end token
        scores = model(run.tokens(captions, padding="longest"))
        losses = []
        for attribute in ATTRIBUTES:
            right = [_index(attribute, words) for words in named]
            target = torch.tensor(right, device=run.device)
            losses.append(F.cross_entropy(scores[attribute], target))
        return torch.stack(losses).sum()

    learn(run, "text", model, loss_of, rate=1e-3, batch=batch, samples=samples)
    return model.text


def _index(attribute: str, words: dict[str, str]) -> int:
    """The index of the word that names an attribute; 0 if none does."""
    return ["", *CHOICES[attribute]].index(words.get(attribute, ""))
