"""What is known of a family of models: a pipeline class of diffusers that draws from a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

GUIDANCE = "guidance_scale"
TRUE_CFG = "true_cfg_scale"


@dataclass(frozen=True)
class Packed:
    """A pipeline whose denoiser calls were tried merged, with the same pictures as alone.

    denoiser: the class that it calls. processors: attention processors whose rows do not see each
    other.
    """

    denoiser: str
    processors: frozenset[str]

    @classmethod
    def of(cls, denoiser: str, *processors: str) -> Packed:
        """The denoiser with these attention processors."""
        return cls(denoiser, frozenset(processors))


@dataclass(frozen=True)
class Defaults:
    """Steps and guidance that a model is drawn with unless a recipe says otherwise."""

    steps: int
    guidance: float


# of models whose class is not known
UNKNOWN_DEFAULTS = Defaults(25, 7.5)


@dataclass(frozen=True)
class Omission:
    """That leaving the negative prompt out makes another picture than an empty text.

    means: what leaving it out does.
    option, default: the option in model_index.json that switches this on, and its default.
    true_cfg: the default of the call's `true_cfg_scale`, if that one (not `guidance_scale`) must be
        above 1 for a negative prompt to be used.
    is_guidance: whether the recipe's guidance is that `true_cfg_scale`.
    """

    means: str
    option: str | None = None
    default: bool = True
    true_cfg: float | None = None
    is_guidance: bool = False

    def applies(self, index: Mapping[str, object], denoiser: Mapping[str, object]) -> bool:
        """Whether this holds for a model, by its model_index.json and its denoiser's config."""
        if self.option and not index.get(self.option, self.default):
            return False
        return self.true_cfg is not None or not is_told_guidance(denoiser)

    def shows(self, guidance: float, call: Mapping[str, object]) -> bool:
        """Whether a picture with this guidance and these arguments of the call depends on it."""
        scale = guidance if self.true_cfg is None else call.get(TRUE_CFG, self.true_cfg)
        return isinstance(scale, int | float) and scale > 1

    def is_scale_from_guidance(self, guidance: float, call: Mapping[str, object]) -> bool:
        """Whether a picture with a negative prompt has another true CFG than the call's default."""
        return self.is_guidance and TRUE_CFG not in call and guidance != self.true_cfg


@dataclass(frozen=True)
class Family:
    """A pipeline class of diffusers that draws, and what is known of it.

    pipeline: the class that draws. name: of the family, like sdxl. title: as people write it.
    image_to_image, inpainting: the classes that do this with the same parts, if there are any.
    inpaints_with_nine: whether its inpainting class takes denoisers of nine channels only.
    needs: the only task that the class can do, "image" or "inpainting"; None if it draws from a text.
    picture_argument: the argument of the call that the recipe's image is.
    steps, guidance: the defaults of the class's own call; None if it takes none.
    advised: what the model's authors advise, if that differs.
    distilled: what they advise for the distilled models of the class, which need few steps.
    guidance_argument: the argument of the call that the recipe's guidance is; None if there is none.
    guidance_schedule: the argument of the call with a guidance for each step, which takes the place
        of the guidance if a recipe has it, and is switched off otherwise.
    side: pixels of a side, if the class itself says so.
    sample_size: pixels of the latents' side, if the class says so and not the denoiser's config.
    has_area: whether the pipeline draws as many pixels as it was trained for, whatever the size.
    rounds_up: whether sizes that do not fit are rounded up, and not down (see `size_rule`).
    patch: latents that a side must have a multiple of; where pipelines round sides, see `size_rule`.
    schedulers: the classes that its call works with, if not with all of its kind.
    takes_negative: whether a negative prompt has an effect by default.
    omission: what leaving the negative prompt out means, if not the same as an empty text.
    denoiser, decoder: the names of the parts; an empty decoder if the model works on pixels.
    packed: the denoiser whose calls may be merged, or None if pictures are made one by one.
    latents: how the pipeline's latents are laid out, for rough pictures (see `render.latents`).
    packages: Python packages that the class needs besides diffusers' own.
    tested: what the tests compare with plain stock calls: "text", "image", "inpainting".
    untested: why the tests do not compare the rest.
    note: what else a user should know.
    """

    pipeline: str
    name: str
    title: str
    image_to_image: str | None = None
    inpainting: str | None = None
    inpaints_with_nine: bool = False
    needs: str | None = None
    picture_argument: str = "image"
    steps: int | None = 50
    guidance: float | None = 5.0
    advised: Defaults | None = None
    distilled: Defaults | None = None
    guidance_argument: str | None = GUIDANCE
    guidance_schedule: str | None = None
    side: int | None = None
    sample_size: int | None = None
    has_area: bool = False
    rounds_up: bool = False
    patch: int = 1
    schedulers: tuple[str, ...] = ()
    takes_negative: bool = True
    omission: Omission | None = None
    denoiser: str = "transformer"
    decoder: str = "vae"
    packed: Packed | None = None
    latents: str = "planes"
    packages: tuple[str, ...] = ()
    tested: frozenset[str] = frozenset()
    untested: str = ""
    note: str = ""

    def defaults(self, index: Mapping[str, object], denoiser: Mapping[str, object]) -> Defaults:
        """The steps and guidance of a model, by its model_index.json and its denoiser's config."""
        if self.distilled and is_distilled(index, denoiser):
            return self.distilled
        own = Defaults(self.steps or UNKNOWN_DEFAULTS.steps, self.guidance or 0.0)
        return self.advised or own


@dataclass(frozen=True)
class Refusal:
    """A pipeline class that does not draw from a text alone. reason: what it is or needs."""

    pipeline: str
    reason: str


def is_told_guidance(denoiser: Mapping[str, object]) -> bool:
    """Whether a denoiser gets the guidance as an input, and so never sees a negative prompt."""
    return denoiser.get("time_cond_proj_dim") is not None


def is_distilled(index: Mapping[str, object], denoiser: Mapping[str, object]) -> bool:
    """Whether a model draws in a few steps without guidance, like FLUX.1-schnell.

    Newer indexes say so themselves; a FLUX.1 transformer that takes no guidance is one.
    """
    is_schnell = (
        denoiser.get("_class_name") == "FluxTransformer2DModel"
        and denoiser.get("guidance_embeds") is False
    )
    return index.get("is_distilled") is True or is_schnell
