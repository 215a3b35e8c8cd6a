"""The sweep of `dwlab bench quality`: each way to draw with the same prompts and seeds."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...errors import InvalidInput
from ...metrics import registry
from ...models.identity import complete, identify
from ...runs.run import check_metrics
from ...spec.drift_requests import BY_NETWORK, BY_PIXELS, request_of
from ...spec.params import GenerationParams
from ...spec.sweep import SweepSpec
from . import candidates

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...models.identity import Identity
    from .candidates import Candidate

SHAPES = "shapes"
PROMPTS_OF_SHAPES = (
    "a large red circle at the center on a white background",
    "a small blue star at the top on a yellow background",
    "a large green heart on the left on a black background",
    "a small purple ring on the right on an orange background",
    "a large yellow triangle at the bottom on a blue background",
    "a small white cross at the center on a red background",
)
PROMPTS = (
    "a lighthouse on a cliff at dusk, oil painting",
    "a portrait of an old fisherman, studio light",
    "a bowl of ripe apricots on a wooden table",
    "a narrow street in the rain, neon signs, night",
    "a fox asleep in tall grass, morning fog",
    "a red bicycle leaning on a white wall",
)
SEEDS = 4
QUICK = (3, 2)  # prompts and seeds
# how axes say that nothing is changed
_PLAIN: Mapping[str, object] = {"accelerate": "none", "loras": [], "vae": None}


@dataclass(frozen=True)
class Study:
    """What is tried, and on what. plain: the recipe without acceleration, of any prompt and seed.

    spec: of the pictures, an ordinary sweep. varying: the parameters by which its settings differ,
    with the values of the plain one. recipes: those of the settings; the sweep has them in this
    order, for each prompt and seed.
    """

    identity: Identity
    plain: GenerationParams
    prompts: tuple[str, ...]
    seeds: int
    candidates: tuple[Candidate, ...]
    spec: SweepSpec
    varying: Mapping[str, object]
    recipes: tuple[Mapping[str, object], ...]

    def recipe_of(self, candidate: Candidate) -> int:
        """The position of a candidate's recipe."""
        return self.recipes.index({**self.varying, **candidate.recipe})


def study(
    model: str,
    *,
    device: str = "auto",
    steps: int | None = None,
    prompts: Sequence[str] = (),
    seeds: int | None = None,
    only: Sequence[str] = (),
    also: Sequence[str] = (),
    network: str | None = None,
    quick: bool = False,
) -> Study:
    """Decide what is tried with a model on this machine; loads nothing.

    prompts: by default six that the model can draw, three with `quick`. seeds: how many. only:
    parts of the names of candidates to try beside the plain one; all if empty. also: ways of the
    user's own, which are tried in any case (see `candidates.also`). network: the folder
    of a network like CLIP, through which pictures are scored and compared; `shapes` has its own.
    Raises InvalidInput and ModelError for what cannot work, before anything loads.
    """
    identity = identify(model, device)
    usual_prompts = PROMPTS_OF_SHAPES if model == SHAPES else PROMPTS
    few_prompts, few_seeds = QUICK
    chosen = tuple(prompts or (usual_prompts[:few_prompts] if quick else usual_prompts))
    seeds = seeds or (few_seeds if quick else SEEDS)
    asked = GenerationParams(chosen[0], model=model)
    plain = complete(asked if steps is None else asked.replace(steps=steps), identity)
    plain = plain.replace(dtype=identity.dtype)
    own = [candidates.also(text) for text in also]
    found = candidates.candidates(identity, plain, quick=quick)
    tried = [*_chosen(found, only), *own]
    _check_recipes(plain, own)
    varying = _varying(plain, tried)
    axes: dict[str, object] = {"prompt": list(chosen), "seed": list(range(seeds))}
    recipes = _distinct_recipes(tried, varying)
    for name in varying:
        axes[name] = [recipe[name] for recipe in recipes]
    base = {
        name: getattr(plain, name)
        for name in ("steps", "guidance", "scheduler", "dtype", "width", "height")
        if name not in axes
    }
    spec = SweepSpec(
        name=f"quality-{_slug(model)}",
        model=model,
        base=base,
        axes=axes,
        zip=[list(varying)] if len(varying) > 1 else [],
        metrics=_metrics(model, varying, network),
        metric=_score(model, network),
    )
    check_metrics(spec)
    return Study(identity, plain, chosen, seeds, tuple(tried), spec, varying, tuple(recipes))


def check_margin(margin: float | None) -> None:
    """Raise InvalidInput unless a margin is a number above 0, or None for the usual one."""
    if margin is not None and not 0 < margin < math.inf:
        raise InvalidInput("margin", margin, "a number above 0")


def _chosen(found: Sequence[Candidate], only: Sequence[str]) -> list[Candidate]:
    """The plain one and those whose names have one of these parts."""
    plain, *others = found
    for part in only:
        if not any(part in each.name for each in others):
            names = "; ".join(each.name for each in others)
            raise InvalidInput("only", part, f"a part of one of the names: {names}")
    if only:
        others = [each for each in others if any(part in each.name for part in only)]
    return [plain, *others]


def _check_recipes(plain: GenerationParams, own: Sequence[Candidate]) -> None:
    """Raise InvalidInput for values that no recipe has."""
    for each in own:
        each.cell(plain, plain.prompt, plain.seed)


def _varying(plain: GenerationParams, tried: Sequence[Candidate]) -> dict[str, object]:
    """The parameters by which some candidate differs, with the plain values."""
    names = dict.fromkeys(name for each in tried for name in each.recipe)
    return {name: _plain_value(plain, name) for name in names}


def _plain_value(plain: GenerationParams, name: str) -> object:
    return _PLAIN.get(name, getattr(plain, name))


def _distinct_recipes(
    tried: Sequence[Candidate], varying: Mapping[str, object]
) -> list[dict[str, object]]:
    """What makes pictures, each once: some candidates differ in how they are computed only."""
    recipes: list[dict[str, object]] = []
    for each in tried:
        recipe = {**varying, **each.recipe}
        if recipe not in recipes:
            recipes.append(recipe)
    return recipes


def _metrics(model: str, against: Mapping[str, object], network: str | None) -> list[object]:
    """The usual ones, and the distances to the plain picture that can be measured here."""
    metrics: list[object] = ["usual"]
    # a list is told by what else differs: LoRAs alone make nothing faster
    pairs = tuple((name, value) for name, value in against.items() if not isinstance(value, list))
    if not pairs:
        return metrics
    if registry.is_installed(BY_PIXELS):
        metrics.append(request_of(BY_PIXELS, pairs))
    if network or model == SHAPES:
        metrics.append(request_of(BY_NETWORK, pairs, network or ""))
        metrics.append({"clip_score": {"model": network}} if network else "clip_score")
    return metrics


def _score(model: str, network: str | None) -> str | None:
    """The metric that says how good pictures are; None without any."""
    if model == SHAPES:
        return "adherence"
    return "clip_score" if network else None


def _slug(model: str) -> str:
    """A model's name as a part of the name of an experiment."""
    last = re.split(r"[/\\]", model.rstrip("/\\"))[-1]
    return re.sub(r"[^a-z0-9]+", "-", last.lower()).strip("-")[:40] or "model"
