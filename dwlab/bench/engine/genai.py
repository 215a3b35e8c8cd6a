"""OpenVINO GenAI, OpenVINO's own pipeline, as a peer: the same model, prompts, noise and schedulers."""

from __future__ import annotations

import copy
import importlib.util
import json
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import MissingExtra, ModelError
from ...models.loading import scheduler_for
from ...models.openvino.library import openvino

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch
    from PIL import Image

    from ...models.loading import Model
    from .grids import Cells

# the names of its schedulers, by dwlab's
SCHEDULERS = {
    "DDIMScheduler": "DDIM",
    "EulerDiscreteScheduler": "EULER_DISCRETE",
    "EulerAncestralDiscreteScheduler": "EULER_ANCESTRAL_DISCRETE",
    "LCMScheduler": "LCM",
    "LMSDiscreteScheduler": "LMS_DISCRETE",
    "PNDMScheduler": "PNDM",
}
# how it is told to compute, by dtype
PRECISION = {"float32": "f32", "bfloat16": "bf16"}


class GenAI:
    """Draws cells with `openvino_genai.Text2ImagePipeline`, one call per cell.

    Its own torch generator draws the starting noise, so its pictures can be compared with those of
    diffusers. The model is converted into a temporary folder, in which it is kept in full precision.
    Raises MissingExtra without the package, ModelError for a model that is not like Stable
    Diffusion 1.5.
    """

    def __init__(self, model: Model) -> None:
        if importlib.util.find_spec("openvino_genai") is None:
            raise MissingExtra("the engine openvino-genai", "peers")
        if type(model.pipeline).__name__ != "StableDiffusionPipeline":
            kind = type(model.pipeline).__name__
            raise ModelError(
                f"the engine openvino-genai draws with a StableDiffusionPipeline, not with a {kind}"
            )
        # before it is imported by its pipeline: so OpenVINO reports its use to nobody
        openvino()
        import openvino_genai

        self._library = openvino_genai
        options = {"INFERENCE_PRECISION_HINT": PRECISION[model.identity.dtype]}
        with tempfile.TemporaryDirectory(prefix="dwlab-genai-") as folder:
            export(model.pipeline, Path(folder))
            self._pipeline = openvino_genai.Text2ImagePipeline(folder, "CPU", **options)

    def __call__(self, model: Model, cells: Cells) -> Iterator[tuple[int, Image.Image]]:
        """Yield the index of each cell and its picture; cells of one scheduler come together."""
        order = sorted(range(len(cells)), key=lambda index: str(cells[index].scheduler))
        current = None
        for index in order:
            if cells[index].scheduler != current:
                current = cells[index].scheduler
                self._pipeline.set_scheduler(self._scheduler(model, cells, index))
            yield index, self._draw(model, cells, index)

    def _scheduler(self, model: Model, cells: Cells, index: int) -> Any:
        name = cells[index].scheduler
        if name not in SCHEDULERS:
            raise ModelError(f"openvino-genai has no scheduler {name}")
        kind = self._library.Scheduler.Type.__members__[SCHEDULERS[name]]
        with tempfile.TemporaryDirectory() as folder:
            scheduler_for(model, cells[index]).save_pretrained(folder)
            file = Path(folder) / "scheduler_config.json"
            return self._library.Scheduler.from_config(file, kind)

    def _draw(self, model: Model, cells: Cells, index: int) -> Image.Image:
        from PIL import Image

        cell = cells[index]
        width, height = _size(model, cell.width, cell.height)
        negative = {"negative_prompt": cell.negative_prompt} if cell.negative_prompt else {}
        pictures = self._pipeline.generate(
            cell.prompt,
            width=width,
            height=height,
            num_inference_steps=cell.steps,
            guidance_scale=cell.guidance,
            generator=self._library.TorchGenerator(cell.seed),
            **negative,
        )
        # a copy, because the pipeline may use its memory again
        return Image.fromarray(pictures.data[0].copy())


def _size(model: Model, width: int | None, height: int | None) -> tuple[int, int]:
    """Width and height in pixels; what a cell leaves open is the model's own."""
    pipeline = model.pipeline
    own = pipeline.unet.config.sample_size * pipeline.vae_scale_factor
    return width or own, height or own


def export(pipeline: Any, folder: Path) -> None:
    """Write a Stable Diffusion pipeline as OpenVINO GenAI reads it: a folder per part, in float32."""
    import torch

    unet = pipeline.unet.config
    tokens = pipeline.tokenizer.model_max_length
    latents = torch.zeros(2, unet.in_channels, unet.sample_size, unet.sample_size)
    text = torch.zeros(2, tokens, unet.cross_attention_dim)
    step = torch.ones(1, dtype=torch.long)
    ids = torch.zeros(1, tokens, dtype=torch.long)
    encoded = ("last_hidden_state", "pooler_output")
    _part(pipeline.text_encoder, folder / "text_encoder", {"input_ids": ids}, encoded)
    arguments = {"sample": latents, "timestep": step, "encoder_hidden_states": text}
    _part(pipeline.unet, folder / "unet", arguments, ("out_sample",))
    _part(pipeline.vae, folder / "vae_decoder", {"latent_sample": latents}, ("sample",))
    pipeline.scheduler.save_pretrained(folder / "scheduler")
    _tokenizer(pipeline, folder / "tokenizer")
    _index(pipeline, folder / "model_index.json")


def _part(
    part: Any, folder: Path, example: dict[str, torch.Tensor], outputs: tuple[str, ...]
) -> None:
    """Convert a part of a pipeline. Its inputs and outputs get names, by which GenAI finds them."""
    import torch

    library = openvino()
    part = copy.deepcopy(part).float()
    answer = part.decode if hasattr(part, "decode") else part

    class Traced(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.part = part

        def forward(self, *tensors: torch.Tensor) -> Any:
            return answer(*tensors, return_dict=False)[: len(outputs)]

    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        converted = library.convert_model(Traced(), example_input=tuple(example.values()))
    for place, name in zip(converted.inputs, example, strict=True):
        place.get_tensor().set_names({name})
    for place, name in zip(converted.outputs, outputs, strict=True):
        place.get_tensor().set_names({name})
    folder.mkdir(parents=True)
    library.save_model(converted, folder / "openvino_model.xml", compress_to_fp16=False)
    # configs of transformers and of diffusers write themselves by different names
    config = part.config if hasattr(part.config, "to_json_string") else part
    (folder / "config.json").write_text(config.to_json_string(), "utf-8")


def _tokenizer(pipeline: Any, folder: Path) -> None:
    from openvino_tokenizers import convert_tokenizer

    length = pipeline.tokenizer.model_max_length
    converted = convert_tokenizer(
        pipeline.tokenizer, max_length=length, use_max_padding=True, truncation=True
    )
    folder.mkdir()
    openvino().save_model(converted, folder / "openvino_tokenizer.xml")


def _index(pipeline: Any, file: Path) -> None:
    """The list of parts, which names the pipeline's class."""
    parts = {
        name: [type(part).__module__.partition(".")[0], type(part).__name__]
        for name, part in pipeline.components.items()
        if part is not None
    }
    name = type(pipeline).__name__
    file.write_text(json.dumps({"_class_name": name, **parts}))
