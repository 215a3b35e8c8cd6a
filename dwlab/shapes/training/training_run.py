"""A run of the training: its folder, its log, and where its randomness comes from."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch

from . import architecture

if TYPE_CHECKING:
    from pathlib import Path

    from transformers import CLIPTokenizer

STAGES = ("vae", "text", "pool", "unet", "export", "clip")
LORA = "lora"  # a training of its own, on the finished model
PREVIEW = "preview"  # likewise, of the decoder for previews


@dataclass
class TrainingRun:
    """Where a training keeps its files, and the device that it runs on."""

    work: Path
    seed: int
    device: str
    words: CLIPTokenizer = field(default_factory=architecture.tokenizer)

    def log(self, **row: object) -> None:
        """Append one line to `log.jsonl` and print it."""
        print(" ".join(f"{name}={value}" for name, value in row.items()), flush=True)
        with (self.work / "log.jsonl").open("a") as log:
            log.write(json.dumps(row) + "\n")

    def tokens(self, captions: list[str], *, padding: str = "max_length") -> torch.Tensor:
        """Token ids [B, 77] of `captions`, or [B, longest] with padding="longest"."""
        padded = self.words(captions, padding=padding, truncation=True, return_tensors="pt")
        return padded.input_ids.to(self.device)

    def batch_generator(self, stage: str, done: int) -> np.random.Generator:
        """What draws the batch that follows `done` samples of a stage."""
        return np.random.default_rng([self.seed, (*STAGES, LORA, PREVIEW).index(stage), done])

    def autocast(self) -> torch.autocast:
        """Compute in bfloat16 wherever torch considers it safe."""
        return torch.autocast(torch.device(self.device).type, torch.bfloat16)
