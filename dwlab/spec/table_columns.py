"""The columns of a table of results and what they mean: everything else takes them from here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a column tells of a cell."""

    PARAMETER = "what the picture is made from"
    RECORD = "how the cell went"
    METRIC = "what was measured of the picture, or given to it by people"


@dataclass(frozen=True)
class Column:
    """A column of the table.

    brief: whether a Markdown table, which people read, has it too. optional: whether only tables
    have it in which some cell has a value for it.
    """

    name: str
    kind: Kind
    meaning: str
    brief: bool = True
    optional: bool = False


# also its name among what a row says of the machine
WORKER = "worker"
# in the order of the table; columns of placeholders stand between parameters or records and metrics
COLUMNS = (
    Column("key", Kind.RECORD, "the cell's identity"),
    Column("experiment", Kind.RECORD, "the experiment whose table it is", brief=False),
    Column("model", Kind.PARAMETER, "catalog name, folder or hub id"),
    Column("prompt", Kind.PARAMETER, "with its placeholders filled in"),
    Column("negative_prompt", Kind.PARAMETER, "what the picture should not contain"),
    Column("seed", Kind.PARAMETER, "of the noise that the picture starts from"),
    Column("steps", Kind.PARAMETER, "how often the noise is predicted"),
    Column("guidance", Kind.PARAMETER, "how strongly the prompt pulls; 1 is no guidance"),
    Column("scheduler", Kind.PARAMETER, "the class in diffusers"),
    Column("width", Kind.PARAMETER, "pixels", brief=False),
    Column("height", Kind.PARAMETER, "pixels", brief=False),
    Column("dtype", Kind.PARAMETER, "the number format that the model ran in", brief=False),
    Column("noise", Kind.PARAMETER, "`a1111-cuda`: AUTOMATIC1111's starting noise", optional=True),
    Column("device", Kind.RECORD, "what the model ran on", brief=False),
    Column(
        WORKER,
        Kind.RECORD,
        "the worker that made it, if it was not made in the process that ran the sweep",
        brief=False,
        optional=True,
    ),
    Column("seconds", Kind.RECORD, "wall time from the first step to the last"),
    Column(
        "device_seconds",
        Kind.RECORD,
        "this picture's share of `seconds` if several were computed together",
        brief=False,
    ),
    Column(
        "load_seconds",
        Kind.RECORD,
        "how long the model took to load, once for all of its pictures",
        brief=False,
    ),
    Column("status", Kind.RECORD, "`ok`, `failed`, or `oom` (out of memory)"),
    Column("error", Kind.RECORD, "why it failed"),
    Column("image", Kind.RECORD, "the PNG, relative to the results folder"),
    Column("created", Kind.RECORD, "when, in UTC", brief=False),
    Column("versions", Kind.RECORD, "of the packages it was made with, as JSON", brief=False),
    Column(
        "pixels",
        Kind.RECORD,
        "a hash of the pixels: equal if pictures are identical",
        brief=False,
    ),
    Column("scheduler_options", Kind.PARAMETER, "further options of the scheduler, as JSON"),
    Column("call", Kind.PARAMETER, "further arguments of the pipeline's call, as JSON"),
    Column("config", Kind.PARAMETER, "the configs of a model in one file", optional=True),
    Column(
        "prediction",
        Kind.PARAMETER,
        "what the denoiser was trained to predict, as the recipe says",
        optional=True,
    ),
    Column(
        "quantisation", Kind.PARAMETER, "how the weights are kept in 8 or 4 bits", optional=True
    ),
    Column("variant", Kind.PARAMETER, "the form of the model's weights, like fp16", optional=True),
    Column(
        "input_image",
        Kind.PARAMETER,
        "the picture that it starts from (`image` in a recipe), relative to the results folder",
        brief=False,
        optional=True,
    ),
    Column(
        "strength", Kind.PARAMETER, "how much of that picture is made anew, 0 to 1", optional=True
    ),
    Column(
        "mask",
        Kind.PARAMETER,
        "where that picture is made anew, relative to the results folder",
        brief=False,
        optional=True,
    ),
    Column(
        "mask_padding",
        Kind.PARAMETER,
        "pixels around the mask that are worked on alone",
        brief=False,
        optional=True,
    ),
    Column(
        "mask_blur", Kind.PARAMETER, "pixels over which the mask fades", brief=False, optional=True
    ),
    Column(
        "control",
        Kind.PARAMETER,
        "ControlNets with their pictures, as JSON",
        brief=False,
        optional=True,
    ),
    Column(
        "ip_adapter",
        Kind.PARAMETER,
        "IP-Adapters with their pictures, as JSON",
        brief=False,
        optional=True,
    ),
    Column(
        "refiner",
        Kind.PARAMETER,
        "the model of a second stage, as JSON",
        brief=False,
        optional=True,
    ),
    Column("accelerate", Kind.PARAMETER, "ways to draw with less work, as JSON", optional=True),
    Column("method", Kind.PARAMETER, "the function that made it; `stock` for none", optional=True),
    Column(
        "method_parameters",
        Kind.PARAMETER,
        "the values of the method's parameters, as JSON",
        optional=True,
    ),
    Column("method_code", Kind.PARAMETER, "the first digits of its code's hash", optional=True),
    Column("pipeline", Kind.PARAMETER, "the pipeline of one's own, as JSON", optional=True),
    Column(
        "scheduler_code",
        Kind.PARAMETER,
        "the scheduler of one's own, as JSON",
        brief=False,
        optional=True,
    ),
    Column("loras", Kind.PARAMETER, "LoRA files with their weights, as JSON", optional=True),
    Column("embeddings", Kind.PARAMETER, "textual inversions, as JSON", optional=True),
    Column("vae", Kind.PARAMETER, "a VAE from elsewhere, as JSON", optional=True),
    Column("components", Kind.PARAMETER, "other parts from elsewhere, as JSON", optional=True),
    Column(
        "long_prompt",
        Kind.PARAMETER,
        "`chunk` or `error`, if long prompts are not cut",
        optional=True,
    ),
    Column(
        "prompt_weighting",
        Kind.PARAMETER,
        "`compel`, if parts of the prompts have weights",
        optional=True,
    ),
    Column("cut", Kind.METRIC, "what the model did not read of prompts that were too long"),
    Column("brightness", Kind.METRIC, "mean luma, 0 to 1"),
    Column("contrast", Kind.METRIC, "standard deviation of the luma"),
    Column(
        "sharpness",
        Kind.METRIC,
        "variance of the luma's Laplacian, x 1000 (Pech-Pacheco et al. 2000)",
    ),
    Column("colourfulness", Kind.METRIC, "Hasler & Süsstrunk 2003"),
    Column("blank", Kind.METRIC, "1 for a picture of one flat colour"),
    Column("nan", Kind.METRIC, "share of values that were not finite (NaN or infinite), 0 to 1"),
    Column("found_shape", Kind.METRIC, "the shape that the judge of `shapes` sees, or `none`"),
    Column("found_colour", Kind.METRIC, "the colour that the judge of `shapes` sees, or `none`"),
    Column("found_size", Kind.METRIC, "the size that the judge of `shapes` sees, or `none`"),
    Column(
        "found_position", Kind.METRIC, "the position that the judge of `shapes` sees, or `none`"
    ),
    Column(
        "found_background", Kind.METRIC, "the background that the judge of `shapes` sees, or `none`"
    ),
    Column(
        "adherence",
        Kind.METRIC,
        "share of what the prompt names that the judge found right (`shapes` only)",
    ),
    Column("stars", Kind.METRIC, "1 to 5, given in the prompt bench or the viewer"),
)

# columns that do not depend on what was measured
FIXED = tuple(column.name for column in COLUMNS if column.kind is not Kind.METRIC)
OPTIONAL = tuple(column.name for column in COLUMNS if column.optional)
# columns that every table has
ALWAYS = tuple(name for name in FIXED if name not in OPTIONAL)
# parameters whose column has another name: `image` is the picture that was made
COLUMN_NAMES = {"image": "input_image"}
# what a table tells of the parameter `method` besides its name
METHOD_PARAMETERS = "method_parameters"
OF_METHODS = (METHOD_PARAMETERS, "method_code")
METRICS = tuple(column.name for column in COLUMNS if column.kind is Kind.METRIC)
# parameters in the order in which people read them: what first, then how, the seed last
PARAMETERS = (
    "model",
    "prompt",
    "negative_prompt",
    "input_image",
    "strength",
    "mask",
    "mask_padding",
    "mask_blur",
    "scheduler",
    "steps",
    "guidance",
    "width",
    "height",
    "dtype",
    "quantisation",
    "config",
    "prediction",
    "variant",
    "noise",
    "long_prompt",
    "prompt_weighting",
    "accelerate",
    "method",
    *OF_METHODS,
    "pipeline",
    "scheduler_code",
    "control",
    "ip_adapter",
    "refiner",
    "loras",
    "embeddings",
    "vae",
    "components",
    "call",
    "seed",
)
