"""Train `shapes` from scratch: `python -m dwlab.shapes.train --work DIR`, resumable stage by stage.

Stages: `vae` (an autoencoder on crops of renderings), `text` (captions against what they say),
`pool` (renderings encoded once), `unet` (v-prediction on the pool, fresh captions each step) and
`export` (a stock diffusers folder).
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import DDPMScheduler
from torch.optim.swa_utils import AveragedModel

from . import build
from .captions import asked, training_caption
from .world import ATTRIBUTES, COLOURS, POSITIONS, SHAPES, SIZES, Scene, draw, random_scene

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from diffusers import AutoencoderKL
    from transformers import CLIPTextModel, CLIPTokenizer

STAGES = ("vae", "text", "pool", "unet", "export")
CHECKPOINT_SECONDS = 120
# what a head may answer: nothing was said, or one of the attribute's words
ANSWERS = {
    "size": ["", *SIZES],
    "colour": ["", *COLOURS],
    "shape": ["", *SHAPES],
    "position": ["", *POSITIONS],
    "background": ["", *COLOURS],
}


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
    groups: list[dict[str, Any]],
    batch: int,
    samples: int,
    ema: AveragedModel | None = None,
) -> None:
    """Train `model` on `samples` samples with AdamW, from the last checkpoint where there is one.

    The rate warms up over the first 2% and falls to zero over the last 40%. `loss_of` draws its
    batch from the generator it is given, which depends only on the seed and the step.
    """
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01, betas=(0.9, 0.98))
    rates = [group["lr"] for group in groups]
    checkpoint = run.work / f"{stage}.pt"
    done, seconds = 0, 0.0
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=run.device, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        if ema is not None:
            ema.load_state_dict(state["ema"])
        done, seconds = state["done"], state["seconds"]

    def save() -> None:
        state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "done": done, "seconds": seconds}
        if ema is not None:
            state["ema"] = ema.state_dict()
        torch.save(state, checkpoint.with_suffix(".tmp"))
        checkpoint.with_suffix(".tmp").replace(checkpoint)

    model.train()
    last_save = last_log = tick = time.monotonic()
    losses: list[float] = []
    while done < samples:
        progress = done / samples
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
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
            run.log(stage=stage, samples=done, seconds=round(seconds), loss=round(sum(losses) / len(losses), 5))
            last_log, losses = now, []
        if now - last_save > CHECKPOINT_SECONDS:
            save()
            last_save = now
    save()
    model.eval()


def to_tensor(pictures: list[np.ndarray]) -> torch.Tensor:
    """Pictures [H, W, 3] of bytes as one tensor [B, 3, H, W] in -1..1."""
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1


def train_vae(run: Run, samples: int, *, batch: int = 32, crop: int = 64) -> AutoencoderKL:
    """Reconstruction on crops that hold an edge, where all that is hard to learn lies."""
    model = build.vae().to(run.device, memory_format=torch.channels_last)

    def loss_of(rng: np.random.Generator) -> torch.Tensor:
        pictures = [np.asarray(draw(random_scene(rng), rng)) for _ in range(batch)]
        x = to_tensor([edge_crop(p, crop, rng) for p in pictures]).to(run.device, memory_format=torch.channels_last)
        posterior = model.encode(x).latent_dist
        mean, logvar = posterior.mean.float(), posterior.logvar.float()
        z = mean + torch.exp(0.5 * logvar) * torch.randn_like(mean)
        y = model.decode(z).sample.float()
        # plain error, error of the finite differences (sharp edges), and a light pull to N(0, 1)
        edges = (y.diff(dim=2) - x.diff(dim=2)).abs().mean() + (y.diff(dim=3) - x.diff(dim=3)).abs().mean()
        kl = 0.5 * (mean**2 + logvar.exp() - 1 - logvar).mean()
        return F.l1_loss(y, x) + 2 * F.mse_loss(y, x) + 0.5 * edges + 1e-4 * kl

    learn(
        run, "vae", model, loss_of, groups=[{"params": model.parameters(), "lr": 1.5e-3}], batch=batch, samples=samples
    )
    return model


def edge_crop(picture: np.ndarray, side: int, rng: np.random.Generator) -> np.ndarray:
    """A crop of `side` pixels, on the grid of latents, that holds a piece of the figure's edge."""
    rows, columns = np.nonzero((picture != picture[0, 0]).any(axis=2))
    pick = rng.integers(len(rows))
    top, left = (
        int(np.clip(at - rng.integers(side), 0, len(picture) - side)) // 8 * 8 for at in (rows[pick], columns[pick])
    )
    return picture[top : top + side, left : left + side]


class Reader(torch.nn.Module):
    """A text encoder with a small head per attribute, which says the attribute's word, or that none was said."""

    def __init__(self, run: Run):
        super().__init__()
        self.text = build.text_encoder(run.words)
        width = self.text.config.hidden_size
        self.heads = torch.nn.ModuleDict({a: torch.nn.Linear(width, len(ANSWERS[a])) for a in ATTRIBUTES})
        self.to(run.device)

    def forward(self, ids: torch.Tensor) -> dict[str, torch.Tensor]:
        """Scores [B, words] for each attribute, read at the end token."""
        pooled = self.text(ids).pooler_output.float()
        return {a: head(pooled) for a, head in self.heads.items()}


def train_text(run: Run, samples: int, *, batch: int = 256) -> CLIPTextModel:
    """Teach a text encoder to hold every attribute at its end token, before the denoiser listens to it.

    Trained against pictures instead, it learned colours and sizes and no places or shapes: colours alone
    tell most pairs of a batch apart.
    """
    model = Reader(run)

    def loss_of(rng: np.random.Generator) -> torch.Tensor:
        captions = [training_caption(random_scene(rng, held_out=False), rng) for _ in range(batch)]
        said = [asked(caption) for caption in captions]
        scores = model(run.tokens(captions, padding="longest"))  # a causal encoder needs no padding after the end
        wanted = {a: [ANSWERS[a].index(one.get(a, "")) for one in said] for a in ATTRIBUTES}
        losses = [F.cross_entropy(scores[a], torch.tensor(wanted[a], device=run.device)) for a in ATTRIBUTES]
        return torch.stack(losses).sum()

    learn(
        run, "text", model, loss_of, groups=[{"params": model.parameters(), "lr": 1e-3}], batch=batch, samples=samples
    )
    return model.text


def make_pool(run: Run, autoencoder: AutoencoderKL, count: int) -> tuple[torch.Tensor, list[Scene]]:
    """`count` scenes outside the held-out tenth and their latents [N, 4, 16, 16] in unit variance."""
    path = run.work / "pool.pt"
    if path.exists():
        saved = torch.load(path, weights_only=True)
        return saved["latents"], [Scene(*words) for words in saved["scenes"]]
    rng = np.random.default_rng([run.seed, 7])
    scenes = [random_scene(rng, held_out=False) for _ in range(count)]
    chunks = []
    for start in range(0, count, 64):
        x = to_tensor([np.asarray(draw(s, rng)) for s in scenes[start : start + 64]])
        with torch.no_grad(), torch.autocast(torch.device(run.device).type, torch.bfloat16):
            x = x.to(run.device, memory_format=torch.channels_last)
            chunks.append(autoencoder.encode(x).latent_dist.mean.float().cpu())
    latents = torch.cat(chunks)
    run.log(stage="pool", count=count, std=round(latents.std().item(), 4))
    torch.save({"latents": latents, "scenes": [list(s.as_dict().values()) for s in scenes]}, path)
    return latents, scenes


class Denoiser(torch.nn.Module):
    """Text encoder and UNet as one module, so that both are averaged and saved together."""

    def __init__(self, run: Run, text: CLIPTextModel):
        super().__init__()
        self.text = text
        self.unet = build.unet()
        self.to(run.device)
        self.unet.to(memory_format=torch.channels_last)


def train_unet(
    run: Run, model: Denoiser, pool: tuple[torch.Tensor, list[Scene]], samples: int, *, batch: int = 64
) -> Denoiser:
    """v-prediction (Salimans & Ho 2022) on the pool; a tenth of the captions is dropped for guidance."""
    latents, scenes = pool
    latents = latents / latents.std()
    noise_schedule = DDPMScheduler.from_config(build.scheduler().config)
    ema = AveragedModel(model, avg_fn=_averaging)

    def loss_of(rng: np.random.Generator) -> torch.Tensor:
        picks = rng.integers(len(scenes), size=batch)
        captions = ["" if rng.random() < 0.1 else training_caption(scenes[i], rng) for i in picks]
        x = latents[picks].to(run.device, memory_format=torch.channels_last)
        noise = torch.randn_like(x)
        t = torch.from_numpy(rng.integers(1000, size=batch)).to(run.device)
        context = model.text(run.tokens(captions)).last_hidden_state
        predicted = model.unet(noise_schedule.add_noise(x, noise, t), t, context).sample
        return F.mse_loss(predicted.float(), noise_schedule.get_velocity(x, noise, t))

    groups = [
        {"params": list(model.unet.parameters()), "lr": 1e-3},
        {"params": list(model.text.parameters()), "lr": 1e-4},
    ]
    learn(run, "unet", model, loss_of, groups=groups, batch=batch, samples=samples, ema=ema)
    return cast("Denoiser", ema.module)


def _averaging(average: torch.Tensor, current: torch.Tensor, updates: torch.Tensor | int) -> torch.Tensor:
    """An exponential moving average that follows closely at first and over some 500 steps later."""
    decay = min(0.998, (1 + float(updates)) / (10 + float(updates)))
    return average * decay + current * (1 - decay)


def export(run: Run, autoencoder: AutoencoderKL, denoiser: Denoiser, scale: float, out: Path) -> None:
    """Write a stock diffusers folder.

    UNet and VAE are stored in float16, which diffusers loads as float32 when no dtype is named; the
    text encoder in float32, because transformers keeps a stored dtype.
    """
    autoencoder.register_to_config(scaling_factor=scale)
    parts = build.pipeline(
        words=run.words, text_encoder=denoiser.text, autoencoder=autoencoder.half(), denoiser=denoiser.unet.half()
    )
    parts.to("cpu").save_pretrained(out, safe_serialization=True)


def averaged(run: Run) -> tuple[Denoiser, int]:
    """The averaged denoiser of the last checkpoint, finished or not, and its number of samples."""
    model = Denoiser(run, build.text_encoder(run.words))
    state = torch.load(run.work / "unet.pt", map_location=run.device, weights_only=True)
    model.load_state_dict({k.removeprefix("module."): v for k, v in state["ema"].items() if k.startswith("module.")})
    return model, state["done"]


def main(argv: list[str] | None = None) -> None:
    """Run the stages that are asked for; finished stages are read from their checkpoints."""
    parser = argparse.ArgumentParser(prog="python -m dwlab.shapes.train", description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder for checkpoints and the log")
    parser.add_argument("--out", type=Path, help="folder that receives the model (default: WORK/model)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--vae-samples", type=int, default=120_000)
    parser.add_argument("--text-samples", type=int, default=100_000)
    parser.add_argument("--pool", type=int, default=30_000)
    parser.add_argument("--unet-samples", type=int, default=250_000)
    parser.add_argument("--until", choices=STAGES, default="export", help="last stage to run")
    parser.add_argument("--export-now", action="store_true", help="export the last checkpoint, train no further")
    args = parser.parse_args(argv)
    args.work.mkdir(parents=True, exist_ok=True)
    run = Run(args.work, args.seed, args.device)
    torch.manual_seed(args.seed)
    for stage in run_stages(run, args):
        if stage == args.until:
            return


def run_stages(run: Run, args: argparse.Namespace) -> Iterator[str]:
    """Run one stage after the other, naming each when it is done."""
    autoencoder = train_vae(run, args.vae_samples)
    yield "vae"
    text = train_text(run, args.text_samples)
    yield "text"
    pool = make_pool(run, autoencoder, args.pool)
    yield "pool"
    if args.export_now:
        denoiser, done = averaged(run)
        run.log(stage="export", samples=done)
    else:
        denoiser = train_unet(run, Denoiser(run, text), pool, args.unet_samples)
    yield "unet"
    scale = 1 / pool[0].std().item()
    export(run, autoencoder, denoiser, scale, args.out or run.work / "model")
    yield "export"


if __name__ == "__main__":
    main()
