"""The loop that every stage of the training of `shapes` runs in: seeded, logged, resumable from its checkpoint."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from . import build

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from torch.optim.swa_utils import AveragedModel
    from transformers import CLIPTokenizer

STAGES = ("vae", "text", "pool", "unet", "export", "clip")
CHECKPOINT_SECONDS = 120


@dataclass
class Run:
    """Where a training keeps its files, and on what it runs."""

    work: Path
    seed: int
    device: str
    words: CLIPTokenizer = field(default_factory=build.tokenizer)

    def log(self, **row: object) -> None:
        """Append one line to `log.jsonl` and show it."""
        print(" ".join(f"{k}={v}" for k, v in row.items()), flush=True)
        with (self.work / "log.jsonl").open("a") as log:
            log.write(json.dumps(row) + "\n")

    def tokens(self, captions: list[str], *, padding: str = "max_length") -> torch.Tensor:
        """Token ids [B, 77] of `captions`, or [B, longest] with padding="longest"."""
        padded = self.words(captions, padding=padding, truncation=True, return_tensors="pt")
        return padded.input_ids.to(self.device)


def learn(
    run: Run,
    stage: str,
    model: torch.nn.Module,
    loss_of: Callable[[np.random.Generator], torch.Tensor],
    *,
    rate: float,
    batch: int,
    samples: int,
    ema: AveragedModel | None = None,
) -> None:
    """Train `model` on `samples` samples with AdamW, from the last checkpoint where there is one.

    rate: the learning rate; it warms up over the first 2% and falls to zero over the last 40%.
    `loss_of` draws its batch from the generator it is given, which depends only on the seed and the step.
    """
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.01, betas=(0.9, 0.98))
    checkpoint = run.work / f"{stage}.pt"
    done, seconds = 0, 0.0
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=run.device, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        if ema is not None:
            ema.load_state_dict(state["ema"])
        done, seconds = state["done"], state["seconds"]

    def keep() -> None:
        state = {
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "done": done,
            "seconds": seconds,
        }
        if ema is not None:
            state["ema"] = ema.state_dict()
        save(state, checkpoint)

    model.train()
    last_save = last_log = tick = time.monotonic()
    losses: list[float] = []
    while done < samples:
        progress = done / samples
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, (progress + 1e-3) / 0.02, (1 - progress) / 0.4)
        torch.manual_seed(run.seed * 1_000_003 + done)
        with torch.autocast(torch.device(run.device).type, torch.bfloat16):
            loss = loss_of(np.random.default_rng([run.seed, STAGES.index(stage), done]))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if ema is not None:
            ema.update_parameters(model)
        done += batch
        losses.append(float(loss.detach()))
        now = time.monotonic()
        seconds += now - tick
        tick = now
        if now - last_log > 20:
            run.log(
                stage=stage,
                samples=done,
                seconds=round(seconds),
                loss=round(sum(losses) / len(losses), 5),
            )
            last_log, losses = now, []
        if now - last_save > CHECKPOINT_SECONDS:
            keep()
            last_save = now
    keep()
    model.eval()


def save(state: dict[str, Any], path: Path) -> None:
    """Write a checkpoint so that an interruption leaves the one before."""
    torch.save(state, path.with_suffix(".tmp"))
    path.with_suffix(".tmp").replace(path)


def to_tensor(pictures: list[np.ndarray]) -> torch.Tensor:
    """Pictures [H, W, 3] of bytes as one tensor [B, 3, H, W] in -1..1."""
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1
