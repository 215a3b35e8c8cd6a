"""What dwlab can do of another tool's settings, and where its pictures differ by nature.

The rules follow what the tools' own sources and documentation say of their settings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from ..errors import InvalidInput
from ..spec import components, embeddings, loras

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .recipes import Recipe


class Group(Enum):
    """What becomes of a setting, with the heading under which it is shown."""

    SAME = "dwlab makes the same of"
    SWITCH = "dwlab can do it, if you say so"
    DIFFERS = "differs by nature"
    UNKNOWN = "cannot be known"


@dataclass(frozen=True)
class Verdict:
    """What becomes of one setting. setting: as the tool wrote it, or what it always does."""

    group: Group
    setting: str
    text: str = ""


@dataclass(frozen=True)
class _Rule:
    """What becomes of settings. names: a pattern that matches their whole name, in small letters."""

    names: str
    group: Group
    text: str


# the first rule that matches counts
_RULES = (
    _Rule(
        "rng",
        Group.SWITCH,
        "the starting noise was drawn on the GPU: `noise: a1111-cuda` draws the same on any device",
    ),
    _Rule(
        "ensd|eta noise seed delta",
        Group.DIFFERS,
        "it is added to the seed of the noise that ancestral and SDE samplers draw at each step",
    ),
    _Rule(
        "eta|eta ddim|s churn|s tmin|s tmax|s noise|sigma .*",
        Group.DIFFERS,
        "it scales the noise of each step; of these dwlab has `call.eta` for DDIM alone",
    ),
    _Rule(
        "clip.?skip|stop at clip layer",
        Group.SWITCH,
        "`call.clip_skip`, which is smaller by one: 2 there is 1 here",
    ),
    _Rule(
        "schedule( type)?|scheduler|noise schedule",
        Group.DIFFERS,
        "the sigmas between noise and picture; of these dwlab joins Karras to the sampler's name, "
        "and `scheduler_options` has `use_exponential_sigmas`, `use_beta_sigmas` and "
        "`timestep_spacing`",
    ),
    _Rule(
        "sampler|sampler name",
        Group.DIFFERS,
        "diffusers has no scheduler that is known to be the same",
    ),
    _Rule(
        "(.*vae.*|module \\d+)",
        Group.SWITCH,
        "`vae:` with the file or the folder; without it dwlab uses the VAE in the model's own files",
    ),
    _Rule(
        "lora.*|.*loras",
        Group.SWITCH,
        "`loras:` with the files and their weights; a file that dwlab has read is found by its hash",
    ),
    _Rule(
        "ti hashes|.*embeddings.*",
        Group.SWITCH,
        "`embeddings:` with the files; a file that dwlab has read is found by its hash",
    ),
    _Rule("controlnet.*|control .*", Group.SWITCH, "`control:` with the model and the picture"),
    _Rule(
        "ip.?adapters?",
        Group.SWITCH,
        "`ip_adapter:` with the file, the picture (it is not in the file) and the scale",
    ),
    _Rule(
        "refiner.*",
        Group.SWITCH,
        "`refiner:` with the model and `from:`, the part of the steps that the first model does",
    ),
    _Rule(
        "denoise|denoising strength|init.*|mask.*|strength",
        Group.SWITCH,
        "`image:` with the start picture (it is not in the file), `strength:` and `mask:`",
    ),
    _Rule(
        "hires.*|hr .*|.*upscale.*|second pass.*",
        Group.DIFFERS,
        "a second pass over an enlarged picture; use the picture of the first pass",
    ),
    _Rule(
        "variation.*|seed resize.*|subseed.*",
        Group.DIFFERS,
        "the noise of two seeds or sizes is mixed",
    ),
    _Rule(
        "face restoration|adetailer.*|tiling|.*seamless.*|sharpness|adm guidance|performance",
        Group.DIFFERS,
        "the picture or the model is changed beyond what the prompt and the sampler do",
    ),
    _Rule(
        "token merging.*|hypertile.*|ngms|skip early cfg|.*cache.*|freeu.*",
        Group.DIFFERS,
        "it trades the picture for speed, or changes the denoiser",
    ),
    _Rule(
        "cfg rescale( multiplier)?|guidance rescale",
        Group.SWITCH,
        "`call.guidance_rescale`",
    ),
    _Rule("distilled cfg scale", Group.SWITCH, "`guidance`, for a model that takes it as an input"),
    _Rule("emphasis|pad conds|.*weighting.*", Group.DIFFERS, "how weights act on the prompt"),
    _Rule("prompt|negative prompt|positive prompt|uc", Group.UNKNOWN, "it could not be read"),
    _Rule(
        "model|model hash|base model|hash",
        Group.UNKNOWN,
        "whether a model here has the same weights: name it with --model",
    ),
    _Rule(".* of the graph", Group.UNKNOWN, "it is linked to a node that dwlab does not read"),
)
# what says nothing of the picture
_NO_EFFECT = re.compile(
    r"version|app|app version|swarm version|created date|date|civitai.*|pipeline|operations|"
    r"generation mode|user|discard penultimate sigma|template|.*template|wildcard.*|aspectratio|"
    r"metadata scheme|full .*prompt|.* hash|n samples|request type|add noise|images?|time taken"
)
_ON_THE_GPU = Verdict(
    Group.SWITCH,
    "starting noise",
    "drawn on the GPU unless the settings said otherwise: `noise: a1111-cuda` draws the same on "
    "any device",
)
_ON_THE_CPU = Verdict(Group.SAME, "starting noise", "drawn on the CPU by torch, as dwlab draws it")
_UNKNOWN_NOISE = Verdict(
    Group.UNKNOWN, "starting noise", "whether it was drawn on the CPU, as here, or on the GPU"
)
_NOISE = {
    "AUTOMATIC1111": _ON_THE_GPU,
    "Forge": _ON_THE_GPU,
    "SD.Next": _ON_THE_GPU,
    "ComfyUI": _ON_THE_CPU,
    "SwarmUI": _ON_THE_CPU,
    "InvokeAI": _ON_THE_CPU,
}
# tools whose samplers come from the library k-diffusion, or were written after it
K_DIFFUSION = frozenset({"AUTOMATIC1111", "Forge", "ComfyUI", "SwarmUI", "Fooocus"})
_WEIGHTED = re.compile(r"\([^()]*:\s*-?[\d.]+\s*\)|\({2,}|\[{2,}|\bBREAK\b")
_NETWORK = re.compile(r"<(lora|lyco|hypernet):", re.IGNORECASE)


def has_weights(prompt: str) -> bool:
    """Whether a prompt has words that other tools read as weights, like `(word:1.2)`."""
    return _WEIGHTED.search(prompt) is not None


def verdicts(recipe: Recipe) -> list[Verdict]:
    """What becomes of each setting of another tool's picture, and of what the tool always does."""
    settings = [_in_words(name, recipe.values[name]) for name in recipe.values if name != "model"]
    others = [_verdict(setting) for setting in recipe.left_out]
    if model := recipe.values.get("model"):
        others.append(_verdict(f"model: {model}"))
    return [
        *(Verdict(Group.SAME, setting) for setting in settings),
        *(verdict for verdict in others if verdict),
        *_by_nature(recipe),
    ]


def _in_words(name: str, value: object) -> str:
    """A parameter as people read it; files by their names instead of their hashes."""
    try:
        if name == "loras":
            value = loras.label(loras.checked_stack(name, value))
        elif name == "embeddings":
            value = embeddings.label(embeddings.checked_embeddings(name, value))
        elif name == "vae":
            value = components.label(name, value)
    except InvalidInput:
        # another tool may write anything
        return f"{name}: {value}"
    return f"{name}: {value}"


def _verdict(setting: str) -> Verdict | None:
    """What becomes of a setting `name: value` that is no parameter; None if it has no effect."""
    name = _plain_name(setting)
    if _NO_EFFECT.fullmatch(name):
        return None
    for rule in _RULES:
        if re.fullmatch(rule.names, name):
            return Verdict(rule.group, setting, rule.text)
    return Verdict(Group.UNKNOWN, setting, "dwlab does not know this setting")


def _by_nature(recipe: Recipe) -> Iterable[Verdict]:
    """What a tool does without writing it down."""
    if not _names_its_noise(recipe):
        yield _NOISE.get(recipe.tool, _UNKNOWN_NOISE)
    prompts = f"{recipe.values.get('prompt', '')} {recipe.values.get('negative_prompt', '')}"
    if has_weights(prompts):
        yield Verdict(
            Group.SWITCH,
            "weights in the prompt",
            "taken literally without `prompt_weighting: compel`; AUTOMATIC1111 also restores the mean of "
            "the embedding, ComfyUI does not",
        )
    if _NETWORK.search(prompts):
        yield Verdict(
            Group.SWITCH, "<lora:...> in the prompt", "`loras:` with the file and its weight"
        )
    if recipe.tool in K_DIFFUSION:
        yield Verdict(
            Group.SWITCH,
            "sigmas of k-diffusion",
            "spaced evenly over all timesteps: `scheduler_options.timestep_spacing: linspace`",
        )
    if recipe.tool in K_DIFFUSION and not recipe.values.get("negative_prompt"):
        yield Verdict(
            Group.SWITCH,
            "empty negative prompt",
            'encoded as a text: `call.negative_prompt: ""` (SDXL takes zeros without it)',
        )
    yield Verdict(
        Group.DIFFERS,
        "precision",
        "most tools compute in half precision with other attention kernels, which changes details",
    )
    yield Verdict(
        Group.DIFFERS,
        "safety checker",
        "a diffusers folder may have one that blackens pictures; the other tools have none",
    )


def _names_its_noise(recipe: Recipe) -> bool:
    if "noise" in recipe.values:
        return True
    return "rng" in map(_plain_name, recipe.left_out)


def _plain_name(setting: str) -> str:
    """The name of a setting `name: value`, in small letters and without underscores."""
    return setting.partition(":")[0].strip().lower().replace("_", " ")
