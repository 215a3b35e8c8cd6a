"""`dwlab generate`: draw one picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .._util import late_scipy
from .._util.exit_codes import SOME_NAN
from ..errors import InvalidInput
from ..models.settings import Settings
from . import adapter_options
from .accelerate_option import AccelerateOption, accelerators
from .adapter_options import (
    ADDED,
    ComponentOption,
    EmbeddingOption,
    LoraOption,
    VaeOption,
)
from .command import (
    COMPUTING,
    DeviceOption,
    MemoryOption,
    ProfileOption,
)
from .completion import model_names

if TYPE_CHECKING:
    from ..pictures.picture import Picture

# groups of options
PICTURE = "The picture"
START = "Pictures to start from"
MODEL = "How the model and the prompt are read"


def generate(
    prompt: Annotated[str, typer.Argument(help="What to draw.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="The PNG to write.", rich_help_panel=PICTURE)
    ] = Path("out.png"),
    model: Annotated[
        str,
        typer.Option(
            help="A catalog name, a diffusers folder, a checkpoint (.safetensors, .gguf) or a hub id.",
            metavar="MODEL",
            autocompletion=model_names,
            rich_help_panel=PICTURE,
        ),
    ] = "shapes",
    negative_prompt: Annotated[
        str,
        typer.Option(
            "--negative-prompt",
            help="What the picture should not contain.",
            rich_help_panel=PICTURE,
        ),
    ] = "",
    negative: Annotated[str, typer.Option("--negative", hidden=True)] = "",
    seed: Annotated[int, typer.Option(help="0 to 2^63-1.", rich_help_panel=PICTURE)] = 0,
    steps: Annotated[
        int | None, typer.Option(help="1 to 1000 (default: the model's).", rich_help_panel=PICTURE)
    ] = None,
    guidance: Annotated[
        float | None, typer.Option(help="0 to 100 (default: the model's).", rich_help_panel=PICTURE)
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            help='A diffusers class or a common name, such as "DPM++ 2M Karras".',
            metavar="NAME",
            rich_help_panel=PICTURE,
        ),
    ] = None,
    width: Annotated[
        int | None,
        typer.Option(help="In pixels, a multiple of 8.", metavar="PIXELS", rich_help_panel=PICTURE),
    ] = None,
    height: Annotated[
        int | None,
        typer.Option(help="In pixels, a multiple of 8.", metavar="PIXELS", rich_help_panel=PICTURE),
    ] = None,
    image: Annotated[
        str | None,
        typer.Option(
            help="A picture to start from: a PNG, JPEG or WebP file.",
            metavar="FILE",
            rich_help_panel=START,
        ),
    ] = None,
    strength: Annotated[
        float | None,
        typer.Option(
            help="How much of it is made anew, above 0 to 1 (default: the model's).",
            rich_help_panel=START,
        ),
    ] = None,
    mask: Annotated[
        str | None,
        typer.Option(
            help="A picture that is white where the image is made anew.",
            metavar="FILE",
            rich_help_panel=START,
        ),
    ] = None,
    mask_padding: Annotated[
        int | None,
        typer.Option(
            help="Work on the mask and so many pixels around it alone, then put it back.",
            metavar="PIXELS",
            rich_help_panel=START,
        ),
    ] = None,
    mask_blur: Annotated[
        int | None,
        typer.Option(
            help="Pixels over which the mask fades.", metavar="PIXELS", rich_help_panel=START
        ),
    ] = None,
    control: Annotated[
        list[str] | None,
        typer.Option(
            help="A ControlNet: a folder, a hub id or a catalog name.",
            metavar="MODEL",
            rich_help_panel=START,
        ),
    ] = None,
    control_image: Annotated[
        list[str] | None,
        typer.Option(
            help="The picture that it sees, one for each --control.",
            metavar="FILE",
            rich_help_panel=START,
        ),
    ] = None,
    control_scale: Annotated[
        list[float] | None,
        typer.Option(
            help="How strongly it acts, 0 to 10; one for each --control (default: 1).",
            rich_help_panel=START,
        ),
    ] = None,
    ip_adapter: Annotated[
        str | None,
        typer.Option(
            help="An IP-Adapter (.safetensors), which shows --ip-image.",
            metavar="FILE",
            rich_help_panel=START,
        ),
    ] = None,
    ip_image: Annotated[
        list[str] | None,
        typer.Option(
            help="A picture that the IP-Adapter shows.", metavar="FILE", rich_help_panel=START
        ),
    ] = None,
    ip_scale: Annotated[
        float | None,
        typer.Option(
            help="How strongly the IP-Adapter acts, -10 to 10 (default: 1).", rich_help_panel=START
        ),
    ] = None,
    lora: LoraOption = None,
    embedding: EmbeddingOption = None,
    vae: VaeOption = None,
    component: ComponentOption = None,
    refiner: Annotated[
        str | None,
        typer.Option(
            help="An SDXL model that takes over for the last steps.",
            metavar="MODEL",
            rich_help_panel=ADDED,
        ),
    ] = None,
    refiner_from: Annotated[
        float | None,
        typer.Option(
            help="The part that the first model does, above 0, below 1 (default: 0.8).",
            metavar="PART",
            rich_help_panel=ADDED,
        ),
    ] = None,
    accelerate: AccelerateOption = None,
    dtype: Annotated[
        str,
        typer.Option(
            help="auto, float32, float16 or bfloat16.", metavar="DTYPE", rich_help_panel=COMPUTING
        ),
    ] = "auto",
    variant: Annotated[
        str | None,
        typer.Option(
            help="Form of the model's weights, like fp16.", metavar="NAME", rich_help_panel=MODEL
        ),
    ] = None,
    config: Annotated[
        str,
        typer.Option(
            help="Configs of a model in one file: a shipped layout, or a folder.",
            metavar="LAYOUT|FOLDER",
            rich_help_panel=MODEL,
        ),
    ] = "",
    prediction: Annotated[
        str,
        typer.Option(
            help="What the model predicts: epsilon, v_prediction or sample.",
            metavar="NAME",
            rich_help_panel=MODEL,
        ),
    ] = "",
    noise: Annotated[
        str,
        typer.Option(
            help="The starting noise: cpu, as diffusers draws it, or a1111-cuda, as AUTOMATIC1111 "
            "draws it on an NVIDIA GPU.",
            metavar="NAME",
            rich_help_panel=MODEL,
        ),
    ] = "cpu",
    long_prompt: Annotated[
        str,
        typer.Option(
            help="A prompt that is longer than the model reads: truncate it, read it in chunks "
            "(chunk), or refuse it (error).",
            metavar="NAME",
            rich_help_panel=MODEL,
        ),
    ] = "truncate",
    prompt_weighting: Annotated[
        str,
        typer.Option(
            help="literal, or compel: (word:1.2) gives the word a weight.",
            metavar="NAME",
            rich_help_panel=MODEL,
        ),
    ] = "literal",
    device: DeviceOption = "auto",
    profile: ProfileOption = None,
    memory: MemoryOption = None,
) -> None:
    """Draw a picture and write it as a PNG that contains its recipe.

    Examples:
        dwlab generate "a large red circle" -o circle.png
        dwlab generate "a blue star" --steps 8 --guidance 5 --seed 3
        dwlab generate "a lighthouse" --model sd15 --lora style.safetensors:0.8
        dwlab generate "a boat" --image photo.png --strength 0.6
    """
    import dwlab

    from .._util import package_map

    if output.suffix.lower() != ".png":
        raise InvalidInput("output", str(output), "a path that ends in .png")
    if negative and negative_prompt:
        raise InvalidInput("--negative", negative, "left out beside --negative-prompt")
    late_scipy.put_off()
    package_map.use()
    picture = dwlab.generate(
        prompt,
        model=model,
        device=device,
        profile=profile,
        memory=memory,
        negative_prompt=negative_prompt or negative,
        seed=seed,
        steps=steps,
        guidance=guidance,
        scheduler=scheduler,
        width=width,
        height=height,
        dtype=dtype,
        variant=variant,
        config=config,
        prediction=prediction,
        noise=noise,
        long_prompt=long_prompt,
        prompt_weighting=prompt_weighting,
        image=image,
        strength=strength,
        mask=mask,
        mask_padding=mask_padding,
        mask_blur=mask_blur,
        control=_controls(control or [], control_image or [], control_scale or []),
        ip_adapter=_ip_adapters(ip_adapter, ip_image, ip_scale),
        refiner=_refiner(refiner, refiner_from),
        loras=adapter_options.loras(lora or []),
        embeddings=adapter_options.embeddings(embedding or []),
        vae=vae,
        components=adapter_options.components(component or []),
        accelerate=accelerators(accelerate or []),
    )
    path = picture.save(output)
    how = "".join(f", {name}" for name in Settings.of(picture.settings).measures)
    typer.echo(f"{path}  {picture.seconds:.2f} s on {picture.device} in {picture.dtype}{how}")
    for note in _notes(picture):
        typer.echo(f"note: {note}", err=True)
    if picture.warning:
        typer.echo(f"warning: {picture.warning}", err=True)
        raise typer.Exit(SOME_NAN)


def _controls(models: list[str], images: list[str], scales: list[float]) -> list[dict[str, Any]]:
    """ControlNets as a recipe names them; raises InvalidInput for values without their net."""
    if len(images) != len(models):
        allowed = f"one for each --control ({len(models)})"
        raise InvalidInput("--control-image", f"{len(images)} pictures", allowed)
    if scales and len(scales) != len(models):
        allowed = f"one for each --control ({len(models)}), or none"
        raise InvalidInput("--control-scale", f"{len(scales)} numbers", allowed)
    controls = []
    for model, image, scale in zip(models, images, scales or [1.0] * len(models), strict=True):
        controls.append({"model": model, "image": image, "scale": scale})
    return controls


def _refiner(model: str | None, start: float | None) -> dict[str, object] | None:
    """The value of `refiner` that the options stand for."""
    if model is None:
        if start is not None:
            raise InvalidInput("--refiner-from", start, "left out without --refiner")
        return None
    return {"model": model} if start is None else {"model": model, "from": start}


def _ip_adapters(
    file: str | None, pictures: list[str] | None, scale: float | None
) -> list[dict[str, object]]:
    """The entries of `ip_adapter` that the options stand for."""
    if file is not None:
        entry: dict[str, object] = {"file": file, "image": pictures}
        return [entry if scale is None else {**entry, "scale": scale}]
    for option, value in (("--ip-image", pictures), ("--ip-scale", scale)):
        if value is not None and value != []:
            raise InvalidInput(option, value, "left out without --ip-adapter")
    return []


def _notes(picture: Picture) -> list[str]:
    """What the model took literally in the prompts, and what it did not read of them."""
    from ..pictures.cut_prompts import cut_note
    from ..runs.prompt_warnings import literal_syntax
    from ..spec import catalog

    params = picture.params
    entry = catalog.lookup(params.model, params.config)
    cut = cut_note([picture.cut] if picture.cut else [])
    return [*literal_syntax([params], {params.model: entry}), *([cut] if cut else [])]
