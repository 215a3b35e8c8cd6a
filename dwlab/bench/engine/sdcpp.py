"""stable-diffusion.cpp as a peer: the same weights, tokens, noise and noise levels."""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import MissingExtra, ModelError
from ...models.loading import scheduler_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch
    from PIL import Image

    from ...models.loading import Model
    from ...spec.params import GenerationParams
    from .grids import Cells

# What it takes for SD 1.x has this geometry. A failed assertion would end the whole process.
GEOMETRY: dict[str, dict[str, object]] = {
    "unet": {
        "in_channels": 4,
        "block_out_channels": [320, 640, 1280, 1280],
        "layers_per_block": 2,
        "attention_head_dim": 8,
        "cross_attention_dim": 768,
    },
    "vae": {
        "latent_channels": 4,
        "block_out_channels": [128, 256, 512, 512],
        "layers_per_block": 2,
        "scaling_factor": 0.18215,
    },
    "text_encoder": {"vocab_size": 49408, "hidden_size": 768, "num_hidden_layers": 12},
}
# its tokens for the start of a text and for its end, with which it also fills up
START = 49406
END = 49407


class SDCpp:
    """Draws cells with the package stable-diffusion-cpp-python, one call per cell.

    It has torch's generator, so it starts from the noise that diffusers draws, and it takes the
    noise levels of the cell's scheduler. A prompt reaches it as the embeddings of its tokens,
    because it has a tokenizer of its own and reads weights and adapters out of prompts. Its
    convolutions are in float16, all else is in float32. The weights lie in a temporary folder of
    4.3 GB as long as this object lives.

    Raises MissingExtra without the package, ModelError for a model without the geometry of Stable
    Diffusion 1.5.
    """

    def __init__(self, model: Model) -> None:
        if importlib.util.find_spec("stable_diffusion_cpp") is None:
            raise MissingExtra("the engine sdcpp", "sdcpp")
        check_geometry(model.pipeline)
        self._folder = Path(tempfile.mkdtemp(prefix="dwlab-sdcpp-"))
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        export(model.pipeline, self._folder)
        # by prompt, what it is called there
        self._names: dict[str, str] = {}
        self._context: Any = None

    def __call__(self, model: Model, cells: Cells) -> Iterator[tuple[int, Image.Image]]:
        """Yield the index of each cell and its picture.

        The weights are read when a prompt comes for the first time.
        """
        prompts = {text for cell in cells for text in (cell.prompt, cell.negative_prompt)}
        new = sorted(prompts - self._names.keys())
        if new:
            for prompt in new:
                name = f"prompt{len(self._names):06}"
                self._names[prompt] = write_prompt(model.pipeline, prompt, self._folder, name)
            self._read()
        for index, cell in enumerate(cells):
            yield index, self._draw(model, cell)

    def _read(self) -> None:
        """Read the weights, with all prompts so far."""
        import torch
        from stable_diffusion_cpp import StableDiffusion, sd_embedding_t

        if self._context is not None:
            self._context.close()
        names = filter(None, self._names.values())
        files = {name: str(_file(self._folder, name)) for name in names}
        items = [
            sd_embedding_t(name=name.encode(), path=file.encode()) for name, file in files.items()
        ]
        # version 0.4.7 makes this list as a local variable, and looks for it in the object
        context_class = type("Context", (StableDiffusion,), {"_embedding_items": items})
        self._context = context_class(
            model_path=str(self._folder),
            embedding_paths=list(files.values()),
            wtype="f32",
            rng_type="cpu",
            vae_decode_only=True,
            n_threads=torch.get_num_threads(),
            verbose=False,
        )

    def _draw(self, model: Model, cell: GenerationParams) -> Image.Image:
        pipeline = model.pipeline
        own = pipeline.unet.config.sample_size * pipeline.vae_scale_factor
        levels = noise_levels(scheduler_for(model, cell), cell.steps)
        pictures: list[Image.Image] = self._context.generate_image(
            self._names[cell.prompt],
            negative_prompt=self._names[cell.negative_prompt],
            width=cell.width or own,
            height=cell.height or own,
            cfg_scale=cell.guidance,
            sample_method="euler",
            sample_steps=cell.steps,
            sigmas=",".join(map(str, levels)),
            seed=cell.seed,
        )
        # the package adds an opaque alpha channel
        return pictures[0].convert("RGB")


def check_geometry(pipeline: Any) -> None:
    """Raise ModelError for a pipeline that is not of Stable Diffusion 1.5's geometry."""
    kind = type(pipeline).__name__
    if kind != "StableDiffusionPipeline":
        raise ModelError(
            f"the engine sdcpp draws with a StableDiffusionPipeline, not with a {kind}"
        )
    for part, known in GEOMETRY.items():
        config = getattr(pipeline, part).config
        for field, value in known.items():
            found = getattr(config, field)
            if isinstance(found, tuple):
                found = list(found)
            if found != value:
                raise ModelError(
                    "stable-diffusion.cpp knows the shapes of released models only: "
                    f"Stable Diffusion 1.5 has {field} {value} in its {part}, this model {found}"
                )


def noise_levels(scheduler: Any, steps: int) -> list[float]:
    """The standard deviation of the noise over that of the picture, before and after each step.

    With these, Euler's method is Euler of diffusers, and DDIM without noise and without clipping
    (equation 14 of arXiv:2010.02502). Raises ModelError for any other scheduler.
    """
    name = type(scheduler).__name__
    if name not in ("DDIMScheduler", "EulerDiscreteScheduler"):
        raise ModelError(f"the engine sdcpp has DDIM and Euler, but no {name}")
    prediction = scheduler.config.prediction_type
    if prediction != "epsilon":
        raise ModelError(f"the engine sdcpp draws with prediction epsilon, not with {prediction}")
    scheduler.set_timesteps(steps)
    if name == "EulerDiscreteScheduler":
        levels: list[float] = scheduler.sigmas.tolist()
        return levels
    shares = [*scheduler.alphas_cumprod[scheduler.timesteps], scheduler.final_alpha_cumprod]
    return [float((1 / share - 1) ** 0.5) for share in shares]


def export(pipeline: Any, folder: Path) -> None:
    """Write the weights of a Stable Diffusion pipeline as the package reads them, in float32."""
    name = "diffusion_pytorch_model.safetensors"
    _write(pipeline.unet.state_dict(), folder / "unet" / name)
    _write(pipeline.vae.state_dict(), folder / "vae" / name)
    weights = pipeline.text_encoder.state_dict()
    # whether the names begin like this depends on the version of transformers
    text = {f"text_model.{name.removeprefix('text_model.')}": weights[name] for name in weights}
    name = "text_model.embeddings.token_embedding.weight"
    table = text[name].clone()
    table[START] = text[name][pipeline.tokenizer.bos_token_id]
    table[END] = text[name][pipeline.tokenizer.pad_token_id]
    _write({**text, name: table}, folder / "text_encoder" / "model.safetensors")


def write_prompt(pipeline: Any, prompt: str, folder: Path, name: str) -> str:
    """Write the embeddings of a prompt's tokens. Returns the name, or "" if it has no tokens."""
    tokenizer = pipeline.tokenizer
    tokens = tokenizer(prompt, max_length=tokenizer.model_max_length, truncation=True).input_ids
    # the package adds the ends itself
    words = tokens[1:-1]
    if not words:
        return ""
    table = pipeline.text_encoder.get_input_embeddings().weight.detach()
    _write({"emb_params": table[words]}, _file(folder, name))
    return name


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.safetensors"


def _write(tensors: dict[str, torch.Tensor], file: Path) -> None:
    from safetensors.torch import save_file

    file.parent.mkdir(exist_ok=True)
    save_file({name: tensor.float().contiguous() for name, tensor in tensors.items()}, file)
