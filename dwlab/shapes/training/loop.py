"""The loop in which every stage of the training runs: seeded, logged, resumable."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    import numpy as np
    from torch.optim.swa_utils import AveragedModel

    from .training_run import TrainingRun

CHECKPOINT_SECONDS = 120
LOG_SECONDS = 20


def learn(
    run: TrainingRun,
    stage: str,
    model: torch.nn.Module,
    loss_of: Callable[[np.random.Generator], torch.Tensor],
    *,
    rate: float,
    batch: int,
    samples: int,
    ema: AveragedModel | None = None,
    marks: Collection[int] = (),
    reached: Callable[[int], None] | None = None,
) -> None:
    """Train `model` on `samples` samples with AdamW, from the last checkpoint if there is one.

    loss_of: draws its batch from the generator that it is passed, which depends only on the seed
    and the step. rate: the learning rate; it warms up over the first 2% and falls to zero over the
    last 40%. ema: a moving average of the model, updated after each step. reached: called after the
    step that makes the number of steps one of `marks`, with that number.
    """
    learner = _Learner(run, stage, model, ema)
    learner.resume()
    model.train()
    while learner.done < samples:
        learner.set_rate(rate, progress=learner.done / samples)
        torch.manual_seed(run.seed * 1_000_003 + learner.done)
        with run.autocast():
            loss = loss_of(run.batch_generator(stage, learner.done))
        learner.step(loss, batch)
        if reached and learner.done // batch in marks:
            reached(learner.done // batch)
    learner.save()
    model.eval()


class _Learner:
    """One stage under way: the model, its optimizer, and how far it is."""

    def __init__(
        self,
        run: TrainingRun,
        stage: str,
        model: torch.nn.Module,
        ema: AveragedModel | None,
    ) -> None:
        self._run = run
        self._stage = stage
        self._model = model
        self._ema = ema
        self._optimizer = torch.optim.AdamW(
            model.parameters(), weight_decay=0.01, betas=(0.9, 0.98)
        )
        self._checkpoint = run.work / f"{stage}.pt"
        self.done = 0
        self._losses: list[float] = []
        # seconds of training, earlier runs included
        self._seconds = 0.0
        now = time.monotonic()
        self._last_step = now
        self._last_log = now
        self._last_save = now

    def resume(self) -> None:
        """Go back to the last checkpoint, if there is one."""
        if not self._checkpoint.exists():
            return
        state = torch.load(self._checkpoint, map_location=self._run.device, weights_only=True)
        self._model.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        if self._ema is not None:
            self._ema.load_state_dict(state["ema"])
        self.done = state["done"]
        self._seconds = state["seconds"]

    def save(self) -> None:
        """Write a checkpoint."""
        state = {
            "model": self._model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "done": self.done,
            "seconds": self._seconds,
        }
        if self._ema is not None:
            state["ema"] = self._ema.state_dict()
        save_checkpoint(state, self._checkpoint)

    def set_rate(self, rate: float, *, progress: float) -> None:
        """Set the learning rate for a progress of 0..1."""
        warm_up = (progress + 1e-3) / 0.02
        fall = (1 - progress) / 0.4
        for group in self._optimizer.param_groups:
            group["lr"] = rate * min(1.0, warm_up, fall)

    def step(self, loss: torch.Tensor, batch: int) -> None:
        """Take one step of the optimizer; log and save now and then."""
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._model.parameters(), 1.0)
        self._optimizer.step()
        if self._ema is not None:
            self._ema.update_parameters(self._model)
        self.done += batch
        self._losses.append(float(loss.detach()))
        self._keep_time(time.monotonic())

    def _keep_time(self, now: float) -> None:
        self._seconds += now - self._last_step
        self._last_step = now
        if now - self._last_log > LOG_SECONDS:
            self._log()
            self._last_log = now
        if now - self._last_save > CHECKPOINT_SECONDS:
            self.save()
            self._last_save = now

    def _log(self) -> None:
        """Log the mean loss since the last line."""
        self._run.log(
            stage=self._stage,
            samples=self.done,
            seconds=round(self._seconds),
            loss=round(sum(self._losses) / len(self._losses), 5),
        )
        self._losses = []


def save_checkpoint(state: dict[str, Any], path: Path) -> None:
    """Write a checkpoint so that an interruption leaves the one before."""
    torch.save(state, path.with_suffix(".tmp"))
    path.with_suffix(".tmp").replace(path)
