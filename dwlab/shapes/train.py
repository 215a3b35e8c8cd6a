"""Train `shapes` from scratch: `python -m dwlab.shapes.train --work DIR`, resumable stage by stage.

Stages: `vae` (an autoencoder on crops of renderings), `text` (captions against what they say),
`pool` (renderings encoded once), `unet` (v-prediction on the pool, fresh captions each step),
`export` (a stock diffusers folder) and `clip` (a small CLIP of this world beside it).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import DDPMScheduler, StableDiffusionPipeline
from torch.optim.swa_utils import AveragedModel
from transformers import CLIPProcessor

from .captions import asked, training_caption
from .training import build
from .training.learn import STAGES, Run, learn, save, to_tensor
from .training.train_clip import train_clip
from .world import ATTRIBUTES, CHOICES, Scene, draw, random_scene

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPModel, CLIPTextModel

FIGURE_WEIGHT = (
    4.0  # how much more than the background a figure's latents count, where there is no noise
)
OVERDRIVE = 5.0


def train_vae(run: Run, samples: int, *, batch: int = 32, crop: int = 64) -> AutoencoderKL:
    """Reconstruction on crops that hold an edge, where all that is hard to learn lies."""
    model = build.vae().to(run.device, memory_format=torch.channels_last)

    def loss_of(rng: np.random.Generator) -> torch.Tensor:
        pictures = [np.asarray(draw(random_scene(rng), rng)) for _ in range(batch)]
        x = to_tensor([edge_crop(p, crop, rng) for p in pictures]).to(
            run.device, memory_format=torch.channels_last
        )
        posterior = model.encode(x).latent_dist
        mean, logvar = posterior.mean.float(), posterior.logvar.float()
        z = mean + torch.exp(0.5 * logvar) * torch.randn_like(mean)
        y = model.decode(z).sample.float()
        # plain error, error of the finite differences (sharp edges), and a light pull to N(0, 1)
        edges = (y.diff(dim=2) - x.diff(dim=2)).abs().mean() + (
            y.diff(dim=3) - x.diff(dim=3)
        ).abs().mean()
        kl = 0.5 * (mean**2 + logvar.exp() - 1 - logvar).mean()
        return F.l1_loss(y, x) + 2 * F.mse_loss(y, x) + 0.5 * edges + 1e-4 * kl

    learn(run, "vae", model, loss_of, rate=1.5e-3, batch=batch, samples=samples)
    return model


def edge_crop(picture: np.ndarray, side: int, rng: np.random.Generator) -> np.ndarray:
    """A crop of `side` pixels, on the grid of latents, that holds a piece of the figure's edge."""
    rows, columns = np.nonzero((picture != picture[0, 0]).any(axis=2))
    pick = rng.integers(len(rows))
    top, left = (
        int(np.clip(at - rng.integers(side), 0, len(picture) - side)) // 8 * 8
        for at in (rows[pick], columns[pick])
    )
    return picture[top : top + side, left : left + side]


class Reader(torch.nn.Module):
    """A text encoder with a small head per attribute, which says the attribute's word, or that none was said."""

    def __init__(self, run: Run):
        super().__init__()
        self.text = build.text_encoder(run.words)
        width = self.text.config.hidden_size
        self.heads = torch.nn.ModuleDict(
            {a: torch.nn.Linear(width, 1 + len(CHOICES[a])) for a in ATTRIBUTES}
        )
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
        scores = model(
            run.tokens(captions, padding="longest")
        )  # a causal encoder needs no padding after the end
        wanted = {a: [["", *CHOICES[a]].index(one.get(a, "")) for one in said] for a in ATTRIBUTES}
        losses = [
            F.cross_entropy(scores[a], torch.tensor(wanted[a], device=run.device))
            for a in ATTRIBUTES
        ]
        return torch.stack(losses).sum()

    learn(run, "text", model, loss_of, rate=1e-3, batch=batch, samples=samples)
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
    save({"latents": latents, "scenes": [list(s.as_dict().values()) for s in scenes]}, path)
    return latents, scenes


def train_unet(
    run: Run,
    model: UNet2DConditionModel,
    text: CLIPTextModel,
    pool: tuple[torch.Tensor, list[Scene]],
    samples: int,
    *,
    scale: float,
    batch: int = 64,
) -> UNet2DConditionModel:
    """v-prediction (Salimans & Ho 2022) on the pool; a tenth of the captions is dropped for guidance.

    `text` only listens. Two things are not textbook: figures weigh more than the background once they show
    through the noise, because a small one covers a twentieth of the latents; and half of the samples come with
    too strong a signal (see `overdriven`).
    """
    latents, scenes = pool
    figures = figure_masks(latents)
    latents = latents * scale
    kept = DDPMScheduler.from_config(build.scheduler().config).alphas_cumprod.to(run.device)
    model.to(run.device, memory_format=torch.channels_last)
    text.to(run.device).eval()
    ema = AveragedModel(model, avg_fn=_averaging)

    def loss_of(rng: np.random.Generator) -> torch.Tensor:
        picks = rng.integers(len(scenes), size=batch)
        captions = ["" if rng.random() < 0.1 else training_caption(scenes[i], rng) for i in picks]
        t = torch.from_numpy(rng.integers(1000, size=batch)).to(run.device)
        alpha, sigma = (part.sqrt()[:, None, None, None] for part in (kept[t], 1 - kept[t]))
        x = latents[picks].to(run.device, memory_format=torch.channels_last)
        noisy = alpha * overdriven(x, sigma, rng) + sigma * torch.randn_like(x)
        with torch.no_grad():
            context = text(run.tokens(captions)).last_hidden_state
        wanted = (alpha * noisy - x) / sigma  # the v that leads from here back to x
        error = (model(noisy, t, context).sample.float() - wanted) ** 2
        return (error * (1 + FIGURE_WEIGHT * alpha * figures[picks].to(run.device))).mean()

    learn(run, "unet", model, loss_of, rate=6e-4, batch=batch, samples=samples, ema=ema)
    return cast("UNet2DConditionModel", ema.module)


def figure_masks(latents: torch.Tensor) -> torch.Tensor:
    """Where latents [N, 4, H, W] differ from their background, which covers most of each: [N, 1, H, W] of 0 and 1."""
    ground = latents.flatten(2).median(dim=2).values[..., None, None]
    return ((latents - ground).norm(dim=1, keepdim=True) > latents.std()).float()


def overdriven(x: torch.Tensor, sigma: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Half of the clean latents `x` [B, 4, H, W] made stronger, by up to 1 + OVERDRIVE times at full noise.

    Guidance of 7.5 drives a sampler there: from words alone the model knows the picture almost exactly, so the
    difference that is multiplied is large. Seen in training, such states lead back to the picture.
    """
    extra = np.where(rng.random(len(x)) < 0.5, 0, OVERDRIVE * rng.random(len(x)) ** 2)
    return x * (1 + torch.from_numpy(extra).to(x)[:, None, None, None] * sigma**2)


def _averaging(
    average: torch.Tensor, current: torch.Tensor, updates: torch.Tensor | int
) -> torch.Tensor:
    """An exponential moving average that follows closely at first and over some 1,000 steps later."""
    decay = min(0.999, (1 + float(updates)) / (10 + float(updates)))
    return average * decay + current * (1 - decay)


def export(
    run: Run,
    autoencoder: AutoencoderKL,
    text: CLIPTextModel,
    unet: UNet2DConditionModel,
    scale: float,
    out: Path,
) -> None:
    """Write a stock diffusers folder.

    UNet and VAE are stored in float16, which diffusers loads as float32 when no dtype is named; the
    text encoder in float32, because transformers keeps a stored dtype.
    """
    autoencoder.register_to_config(scaling_factor=scale)
    parts = build.pipeline(
        words=run.words, text_encoder=text, autoencoder=autoencoder.half(), denoiser=unet.half()
    )
    parts.to("cpu").save_pretrained(out, safe_serialization=True)


def save_clip(run: Run, model: CLIPModel, out: Path) -> None:
    """Write a stock CLIP folder, in float32: transformers keeps a stored dtype."""
    model.to("cpu", torch.float32).save_pretrained(out)
    CLIPProcessor(build.image_processor(), run.words).save_pretrained(out)


def averaged(run: Run) -> tuple[UNet2DConditionModel, int]:
    """The averaged denoiser of the last checkpoint, finished or not, and its number of samples."""
    model = build.unet()
    state = torch.load(run.work / "unet.pt", map_location="cpu", weights_only=True)
    model.load_state_dict(
        {k.removeprefix("module."): v for k, v in state["ema"].items() if k.startswith("module.")}
    )
    return model, state["done"]


def main(argv: list[str] | None = None) -> None:
    """Run the stages that are asked for; finished stages are read from their checkpoints."""
    parser = argparse.ArgumentParser(prog="python -m dwlab.shapes.train", description=__doc__)
    parser.add_argument(
        "--work", type=Path, required=True, help="folder for checkpoints and the log"
    )
    parser.add_argument(
        "--out", type=Path, help="folder that receives the model (default: WORK/model)"
    )
    parser.add_argument(
        "--start",
        type=Path,
        metavar="FOLDER",
        help="train the denoiser of this model folder further",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--vae-samples", type=int, default=120_000)
    parser.add_argument("--text-samples", type=int, default=100_000)
    parser.add_argument("--pool", type=int, default=30_000)
    parser.add_argument("--unet-samples", type=int, default=700_000)
    parser.add_argument("--clip-samples", type=int, default=230_000)
    parser.add_argument("--until", choices=STAGES, default=STAGES[-1], help="last stage to run")
    parser.add_argument(
        "--export-now", action="store_true", help="export the last checkpoint, train no further"
    )
    args = parser.parse_args(argv)
    args.work.mkdir(parents=True, exist_ok=True)
    run = Run(args.work, args.seed, args.device)
    torch.manual_seed(args.seed)
    for stage in run_stages(run, args):
        if stage == args.until:
            return


def run_stages(run: Run, args: argparse.Namespace) -> Iterator[str]:
    """Run one stage after the other, naming each when it is done."""
    start = None
    if args.start is not None:
        start = StableDiffusionPipeline.from_pretrained(
            args.start, use_safetensors=True, safety_checker=None
        )
        start.to(run.device, torch.float32)
    autoencoder = start.vae if start else train_vae(run, args.vae_samples)
    yield "vae"
    text = start.text_encoder if start else train_text(run, args.text_samples)
    yield "text"
    pool = make_pool(run, autoencoder, args.pool)
    scale = autoencoder.config.scaling_factor if start else 1 / pool[0].std().item()
    yield "pool"
    if args.export_now:
        unet, done = averaged(run)
        run.log(stage="export", samples=done)
    else:
        unet = start.unet if start else build.unet()
        unet = train_unet(run, unet, text, pool, args.unet_samples, scale=scale)
    yield "unet"
    out = args.out or run.work / "model"
    export(run, autoencoder, text, unet, scale, out)
    yield "export"
    save_clip(run, train_clip(run, text, args.clip_samples), out.with_name("clip"))
    yield "clip"


if __name__ == "__main__":
    main()
