"""Ways to draw a picture with less work, which change it: each with its settings and what it fits.

They are axes of a sweep, so each has the values it may have, and the one that changes nothing. What
they do is in `dwlab.render.accelerators`, one file each.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from .value_rules import SWITCH, Choice, Interval, Number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Rule = Number | Choice | Interval
# of one setting, and of all settings of an accelerator: its main one alone if the others are usual
Value: TypeAlias = "int | float | str | bool | list[float] | None"
Settings: TypeAlias = "Value | dict[str, Value]"


@dataclass(frozen=True)
class Step:
    """A step of a run. number: from 0, of those that are run.

    position: where in the whole schedule it lies, 0 for the first step from pure noise, below 1; a
    run from a start picture begins later.
    """

    number: int
    position: float


@dataclass(frozen=True)
class Setting:
    """A setting of an accelerator. default: what it is if it is left out."""

    name: str
    rule: Rule
    default: Value
    means: str


def _always(_settings: Settings, _step: Step) -> bool:
    return True


def _whole(_settings: Settings, _step: Step) -> float:
    return 1.0


@dataclass(frozen=True)
class Accelerator:
    """A way to draw with less work.

    means: what it does, in a line. main: the setting that stands for all, as in `deep_cache: 3`.
    idle: its value that changes nothing: the cell is the plain one.
    pipelines: classes that draw from a text, of the families that it was tried with. unfit: why it
    does not fit others, as the end of a sentence.
    packed: whether its cells share forwards with others; otherwise each runs alone.
    own_forward: whether dwlab calls the parts of the denoiser itself, so that these must not be
    compiled or moved as a whole.
    guided: whether a step asks for both answers of guidance. share: the part of a row's work that a
    step takes. Both take the settings as they are kept; they are for estimates.
    in_denoiser: whether it keeps what it remembers in the denoiser itself, as diffusers' caches do: a
    cell has one of these only, runs alone, and draws from a text alone.
    one_answer: whether each step must ask the denoiser once, so that true guidance is left out.
    """

    name: str
    means: str
    source: str
    main: Setting
    idle: Value
    pipelines: frozenset[str]
    unfit: str
    others: tuple[Setting, ...] = ()
    packed: bool = True
    own_forward: bool = False
    guided: Callable[[Settings, Step], bool] = _always
    share: Callable[[Settings, Step], float] = _whole
    in_denoiser: bool = False
    one_answer: bool = False

    @property
    def saves_guidance(self) -> bool:
        """Whether it leaves out answers of guidance."""
        return self.guided is not _always

    @property
    def settings(self) -> tuple[Setting, ...]:
        """All settings, the main one first."""
        return (self.main, *self.others)


def in_interval(value: Settings, step: Step) -> bool:
    """Whether a step lies within [start, end] of the schedule."""
    if not isinstance(value, list):
        return True
    start, end = value
    return start <= step.position < end


def is_nth(value: Settings, step: Step) -> bool:
    """Whether a step is the first of each so many."""
    return not isinstance(value, int) or step.number % value == 0


# These ask for both answers of guidance in one call, first the one without the prompt.
TWO_ROWS = frozenset(
    {
        "StableDiffusionPipeline",
        "StableDiffusionXLPipeline",
        "StableDiffusion3Pipeline",
        "PixArtAlphaPipeline",
        "PixArtSigmaPipeline",
        "SanaPipeline",
        "KolorsPipeline",
        "AuraFlowPipeline",
        "HunyuanDiTPipeline",
        "CogView3PlusPipeline",
    }
)
# These ask twice per step, first with the prompt.
TWO_CALLS = frozenset(
    {
        "QwenImagePipeline",
        "CogView4Pipeline",
        "Lumina2Pipeline",
        "ChromaPipeline",
        "OvisImagePipeline",
    }
)
# Their denoiser is a UNet2DConditionModel.
UNETS = frozenset(
    {
        "StableDiffusionPipeline",
        "StableDiffusionXLPipeline",
        "StableDiffusionInstructPix2PixPipeline",
        "LatentConsistencyModelPipeline",
    }
)
_NO_UNET = "whose denoiser is not the UNet of Stable Diffusion and SDXL"
# About which part of a row's work the outermost layers are, by `branch`. Counted multiplications: 9% and 27%
# in `shapes`, 8% and 22% in Stable Diffusion 1.5 at 512x512, 1% and 4% in SDXL at 1024x1024.
OUTERMOST = (0.1, 0.25)
_NOT_GUIDED = "with which it was never tried"


def _outermost_share(settings: Settings, step: Step) -> float:
    if not isinstance(settings, dict):
        settings = {"every": settings, "branch": 0}
    branch = settings["branch"]
    is_full = is_nth(settings["every"], step)
    return 1.0 if is_full or not isinstance(branch, int) else OUTERMOST[branch]


# Whose denoiser has diffusers' caches; each cache was tried with those that are named.
FLUX = frozenset({"FluxPipeline"})
BOTH_FLUX = FLUX | {"Flux2Pipeline"}
FIRST_BLOCKS = FLUX | {"QwenImagePipeline", "HunyuanImagePipeline"}
FORETOLD = FIRST_BLOCKS | {"Flux2KleinPipeline", "OvisImagePipeline"}
_NO_CACHE = "for which diffusers has no such cache, or one that was never seen to work"
_NO_RATIOS = "for which diffusers knows no ratios"

ALL = (
    Accelerator(
        "token_merging",
        "attention over fewer tokens, at its largest size: those most alike share an answer",
        "Bolya & Hoffman 2023, Token Merging for Fast Stable Diffusion",
        Setting("share", Number(0, 0.75), 0.5, "of the tokens, that are merged"),
        idle=0.0,
        pipelines=UNETS,
        unfit=_NO_UNET,
        own_forward=True,
    ),
    Accelerator(
        "deep_cache",
        "the UNet in full at every n-th step; between them its outermost layers alone",
        "Ma et al. 2023, DeepCache",
        Setting("every", Number(1, 20, whole=True), 3, "steps from one in full to the next"),
        idle=1,
        others=(
            Setting("branch", Number(0, 1, whole=True), 0, "further layers that are computed"),
        ),
        pipelines=UNETS,
        unfit=_NO_UNET,
        share=_outermost_share,
        own_forward=True,
    ),
    Accelerator(
        "guidance_every",
        "guidance at every n-th step; between them its last difference is used again",
        "Lv et al. 2024, FasterCache, section 3.3 (its CFG cache, without the weights by frequency)",
        Setting("every", Number(1, 20, whole=True), 2, "steps from one with guidance to the next"),
        idle=1,
        pipelines=TWO_ROWS | TWO_CALLS,
        unfit=_NOT_GUIDED,
        guided=is_nth,
    ),
    Accelerator(
        "guidance_interval",
        "guidance in a part of the steps only; in the others the prompt's answer is taken as it is",
        "Kynkäänniemi et al. 2024, Applying Guidance in a Limited Interval",
        Setting("interval", Interval(), [0.0, 0.6], "the part of the schedule with guidance"),
        idle=[0.0, 1.0],
        pipelines=TWO_ROWS | TWO_CALLS,
        unfit=_NOT_GUIDED,
        guided=in_interval,
    ),
    Accelerator(
        "first_block_cache",
        "the other blocks are left out while the first one's output hardly changes",
        "diffusers, after ParaAttention's First Block Cache",
        Setting("threshold", Number(0, 2), 0.1, "relative change up to which blocks are left out"),
        idle=0.0,
        pipelines=FIRST_BLOCKS,
        unfit=_NO_CACHE,
        packed=False,
        in_denoiser=True,
    ),
    Accelerator(
        "taylorseer",
        "attention, or all blocks, in full at every n-th step; between them foretold",
        "Liu et al. 2025, From Reusing to Forecasting (TaylorSeer)",
        Setting("every", Number(1, 20, whole=True), 5, "steps from one in full to the next"),
        idle=1,
        pipelines=FORETOLD,
        unfit=_NO_CACHE,
        others=(
            Setting("warmup", Number(1, 100, whole=True), 3, "steps in full at the beginning"),
            Setting("order", Number(1, 4, whole=True), 1, "of the Taylor series"),
            Setting("lite", Choice(SWITCH), False, "all blocks instead of attention alone"),
        ),
        packed=False,
        in_denoiser=True,
    ),
    Accelerator(
        "mag_cache",
        "steps are left out while the known sizes of their changes say that little is lost",
        "Ma et al. 2025, MagCache, with the ratios of FLUX.1",
        Setting("threshold", Number(0, 1), 0.06, "of the error that adds up"),
        idle=0.0,
        pipelines=FLUX,
        unfit=_NO_RATIOS,
        others=(
            Setting("skips", Number(1, 20, whole=True), 3, "the most steps left out in a row"),
            Setting("retention", Number(0, 1), 0.2, "the part of the steps in full at first"),
        ),
        packed=False,
        in_denoiser=True,
    ),
    Accelerator(
        "pyramid_attention",
        "attention at every n-th step in the middle, timesteps 800 to 100",
        "Zhao et al. 2024, Pyramid Attention Broadcast",
        Setting("every", Number(1, 20, whole=True), 2, "steps from one with attention to the next"),
        idle=1,
        pipelines=BOTH_FLUX,
        unfit=_NO_CACHE,
        packed=False,
        in_denoiser=True,
        one_answer=True,
    ),
    Accelerator(
        "faster_cache",
        "attention at every n-th step from timestep 681 on; between them extrapolated",
        "Lv et al. 2024, FasterCache, section 3.2",
        Setting("every", Number(1, 20, whole=True), 2, "steps from one with attention to the next"),
        idle=1,
        pipelines=BOTH_FLUX,
        unfit=_NO_CACHE,
        packed=False,
        in_denoiser=True,
        one_answer=True,
    ),
)
# in the order in which they are put around the denoiser, the innermost first
BY_NAME: Mapping[str, Accelerator] = MappingProxyType({each.name: each for each in ALL})
