"""Writes and reads a PNG's `parameters` text, in the form of AUTOMATIC1111 and similar tools.

It has a prompt, a negative prompt, and a line of `Name: value` pairs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..errors import DwlabError, printable, shortened
from ..spec import catalog, schedulers
from ..spec.param_checks import CUDA_NOISE
from ..spec.prompt_encoders import SD, encoding_of
from ..spec.public_names import public_name
from . import foreign_files

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..spec.params import GenerationParams

PAIRS_LIMIT = 20_000  # characters of the line of pairs
# their names -> words of `recipe_values`, "hash" and "schedule"
WORDS = {
    "Steps": "steps",
    "CFG scale": "guidance",
    "Seed": "seed",
    "Size": "size",
    "Sampler": "sampler",
    "Model": "model",
    "Model hash": "hash",
    "Schedule type": "schedule",
    "RNG": "noise",
    "Clip skip": "clip_skip",
}
TOOL_LIMIT = 40  # characters of a tool's name
# how versions begin -> the tool
_VERSIONS = {
    r"v\d+\.\d": "AUTOMATIC1111",
    r"f\d+\.\d": "Forge",
    "Fooocus": "Fooocus",
    "ComfyUI": "ComfyUI",
}
_NEGATIVE = "Negative prompt:"
_LIKELY = 3  # of WORDS that make a line one of pairs
_STEPS_FIRST = re.compile(r"Steps: \d+(\.\d+)?\s*([,|]|$)")
_PAIR = re.compile(
    r'(?:^|,)\s*+(\w[\w /+-]{0,60}):\s*+("(?:\\.|[^"\\])*+"|\d+,\d+(?=\s*(?:,|$))|[^,]*+)'
)


def parse(text: str) -> list[tuple[str, str]] | None:
    """The pairs of a text, with `prompt` and `negative_prompt` first; None if it is not a recipe.

    The line of pairs is the one with most of WORDS, the last of several. Without such a line, only a
    negative prompt shows that the text is a recipe.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip().split("\n")
    pairs_start = _line_of_pairs(lines)
    end = len(lines) if pairs_start is None else pairs_start
    negative_start = _line_of_negative_prompt(lines[:end])
    if pairs_start is None and negative_start is None:
        return None
    pairs = lines[end:]
    # an old form of SD.Next
    is_piped = bool(pairs) and " | " in pairs[0]
    if is_piped:
        end, pairs = _with_line_above(lines, end, pairs)
    prompt = "\n".join(lines[: end if negative_start is None else negative_start])
    if is_piped:
        prompt = prompt.removeprefix("prompt: ")
    recipe = [("prompt", prompt)]
    if negative_start is not None:
        negative_prompt = "\n".join(lines[negative_start:end]).removeprefix(_NEGATIVE)
        recipe.append(("negative_prompt", negative_prompt))
    return recipe + _pairs(", ".join(pairs))


def tool(pairs: list[tuple[str, str]]) -> str:
    """The tool that wrote these pairs, as far as its own name or the form of its version tells."""
    values = dict(pairs)
    if application := values.get("App"):
        return shortened(printable(application), TOOL_LIMIT)
    version = values.get("Version", "")
    for form, name in _VERSIONS.items():
        if re.match(form, version):
            return name
    return "SD.Next" if "Pipeline" in values else "another tool"


def _line_of_negative_prompt(lines: list[str]) -> int | None:
    for number, line in enumerate(lines):
        if line.startswith(_NEGATIVE):
            return number
    return None


def _line_of_pairs(lines: list[str]) -> int | None:
    """The number of the line with most of WORDS, because quoted values may contain such lines."""
    best = None
    most = 0
    for number, line in enumerate(lines):
        count = _known(line)
        is_likely = _STEPS_FIRST.match(line) or (_begins(line) and count >= _LIKELY)
        if is_likely and count >= most:
            best = number
            most = count
    return best


def _begins(line: str) -> bool:
    return line.partition(":")[0] in WORDS


def _known(line: str) -> int:
    return sum(name in WORDS for name, _ in _pairs(line)) if _begins(line) else 0


def _pairs(line: str) -> list[tuple[str, str]]:
    line = line[:PAIRS_LIMIT]
    if " | " in line:
        line = line.replace(" | ", ", ")
    return [(name.strip(), value.strip().strip('"')) for name, value in _PAIR.findall(line)]


def _with_line_above(lines: list[str], end: int, pairs: list[str]) -> tuple[int, list[str]]:
    """The end of the prompts and the pairs, with a line `Version: ..., Pipeline: ...,` above them."""
    above = lines[end - 1].rstrip() if end else ""
    if above.endswith(",") and above.startswith("Version: "):
        return end - 1, [*pairs, above.rstrip(",")]
    return end, pairs


def write(params: GenerationParams, weights: str, tensors: Mapping[str, str]) -> str:
    """The recipe in the form that other tools keep under `parameters`.

    tensors: hashes of LoRAs (see `foreign_files`).
    """
    lines = [f"{params.prompt} {foreign_files.tags(params.loras)}".strip()]
    if params.negative_prompt:
        lines.append(f"Negative prompt: {params.negative_prompt}")
    sampler = schedulers.display_name(params.scheduler or "", dict(params.scheduler_options))
    facts: dict[str, object] = {
        "Steps": params.steps,
        "Sampler": sampler,
        "CFG scale": f"{params.guidance:g}",
        "Seed": params.seed,
        "Size": f"{params.width}x{params.height}",
        **_of_start_picture(params),
        "Model hash": weights[:10],
        "Model": public_name(params.model, weights),
    }
    if params.noise == CUDA_NOISE:
        facts["RNG"] = "NV"
    layers_skipped = params.call.get("clip_skip")
    if isinstance(layers_skipped, int) and _counts_from_last_layer(params):
        # other tools count the last layer as 1
        facts["Clip skip"] = layers_skipped + 1
    facts |= foreign_files.hashes_of(params.loras, params.embeddings, tensors)
    lines.append(", ".join(f"{name}: {value}" for name, value in facts.items()))
    return "\n".join(lines)


def _of_start_picture(params: GenerationParams) -> dict[str, str]:
    if params.strength is None:
        return {}
    return {"Denoising strength": f"{params.strength:g}"}


def _counts_from_last_layer(params: GenerationParams) -> bool:
    """Whether other tools mean by clip skip what dwlab does; on SDXL they do not."""
    try:
        return encoding_of(catalog.lookup(params.model, params.config)) == SD
    # the model's folder may be gone
    except DwlabError:
        return False
