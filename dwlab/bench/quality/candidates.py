"""The ways to draw sooner that `dwlab bench quality` tries with a model on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from ... import paths
from ...analysis.axis_columns import value_in_table
from ...errors import DwlabError, InvalidInput
from ...models import device as devices
from ...models import quantisation
from ...models.accelerators_fit import check_accelerators
from ...models.identity import identify
from ...models.openvino import support
from ...models.settings import STOCK, Settings
from ...spec import accelerate, catalog, experiment_file, families, schedulers
from ...spec.accelerators import ALL
from ...spec.memory import QUANTISATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...models.identity import Identity
    from ...spec.params import GenerationParams

PLAIN = "plain"
OPENVINO = Settings(backend="openvino")
# parts of the plain number of steps
STEPS = (0.75, 0.5, 0.25)
# schedulers that need few steps, and parts of the plain number for them
FEW_STEP_SCHEDULERS = ("DPM++ 2M", "UniPC")
FEW_STEPS = (0.5, 0.25)
# what is tried of accelerators, where more than their usual setting is
VALUES: Mapping[str, Sequence[object]] = {
    "guidance_interval": ([0.0, 0.6], [0.0, 0.4]),
    "guidance_every": (2, 4),
    "deep_cache": (2, 3, 5),
    "token_merging": (0.25, 0.5),
    "first_block_cache": (0.05, 0.1, 0.2),
    "taylorseer": (3, 5),
    "mag_cache": (0.06, 0.12),
    "pyramid_attention": (2, 4),
    "faster_cache": (2, 3),
}
# what a way of the user's own may differ in from the plain one
ALSO = (
    "accelerate",
    "dtype",
    "guidance",
    "loras",
    "model",
    "quantisation",
    "scheduler",
    "steps",
    "vae",
)


@dataclass(frozen=True)
class Candidate:
    """A way to draw the same pictures sooner.

    recipe: the parameters that differ from the plain ones; they make other pictures. settings: how
    it is computed besides, which changes pictures by rounding only.
    """

    name: str
    recipe: Mapping[str, object] = field(default_factory=dict)
    settings: Settings = STOCK

    def cell(self, plain: GenerationParams, prompt: str, seed: int) -> GenerationParams:
        """The cell of a prompt and a seed."""
        return plain.replace(prompt=prompt, seed=seed, **self.recipe)


def candidates(identity: Identity, plain: GenerationParams, *, quick: bool) -> list[Candidate]:
    """All that apply to a model on this machine, the plain way first.

    identity: of the model, as it is computed plainly. plain: its recipe, complete. quick: fewer
    settings of each, and nothing that compiles.
    """
    found = [
        Candidate(PLAIN),
        *_fewer_steps(plain, quick),
        *_few_step_schedulers(identity, plain, quick),
        *_accelerated(identity, plain, quick),
        *_tiny_decoder(identity),
        *_lower_precision(identity, quick),
    ]
    # a quarter of three steps is one step, and so is a half
    distinct = {
        (repr(sorted(each.recipe.items())), each.settings): each for each in reversed(found)
    }
    return list(reversed(distinct.values()))


def _fewer_steps(plain: GenerationParams, quick: bool) -> Iterator[Candidate]:
    for part in STEPS[1:] if quick else STEPS:
        steps = max(1, round(plain.steps * part))
        if steps < plain.steps:
            yield Candidate(f"{steps} steps", {"steps": steps})


def _few_step_schedulers(
    identity: Identity, plain: GenerationParams, quick: bool
) -> Iterator[Candidate]:
    pipeline = catalog.lookup(str(identity.folder)).pipeline or ""
    fitting = families.schedulers_for(pipeline, plain.scheduler)
    own = schedulers.display_name(str(plain.scheduler), dict(plain.scheduler_options))
    for name in FEW_STEP_SCHEDULERS:
        if name not in fitting or name == own:
            continue
        for part in FEW_STEPS[1:] if quick else FEW_STEPS:
            steps = max(1, round(plain.steps * part))
            yield Candidate(f"{name}, {steps} steps", {"scheduler": name, "steps": steps})


def _accelerated(identity: Identity, plain: GenerationParams, quick: bool) -> Iterator[Candidate]:
    for accelerator in ALL:
        values = VALUES.get(accelerator.name, (accelerator.main.default,))
        for value in values[:1] if quick else values:
            recipe = {accelerate.FIELD: {accelerator.name: value}}
            if _fits(identity, plain, recipe):
                kept = accelerate.checked(accelerate.FIELD, recipe[accelerate.FIELD])
                yield Candidate(accelerate.label(kept), recipe)


def _fits(identity: Identity, plain: GenerationParams, recipe: Mapping[str, object]) -> bool:
    """Whether a model has an accelerator; one that saves guidance saves nothing without any."""
    try:
        cell = plain.replace(**recipe)
        check_accelerators(cell, identity)
    except DwlabError:
        return False
    (name,) = cell.accelerate
    return plain.guided or not name.startswith("guidance_")


def _lower_precision(identity: Identity, quick: bool) -> Iterator[Candidate]:
    """8 or 4 bits, OpenVINO, and another dtype with memory layout and compiling, as profiles have them."""
    fewer_bits = [name for name in QUANTISATIONS if _has_quantisation(identity, name)]
    for name in fewer_bits[-1:] if quick else fewer_bits:
        yield Candidate(name, {"quantisation": name})
    if _has_openvino(identity, identity.dtype):
        yield Candidate("openvino", {}, OPENVINO)
    dtype = devices.faster_dtype(identity.device)
    if dtype is None or dtype == identity.dtype:
        return
    if _has_openvino(identity, dtype):
        yield Candidate(f"{dtype}, openvino", {"dtype": dtype}, OPENVINO)
    layout = Settings(channels_last=True)
    yield Candidate(f"{dtype}, channels last", {"dtype": dtype}, layout)
    if not quick:
        compiled = replace(layout, compile="default")
        yield Candidate(f"{dtype}, channels last, compiled", {"dtype": dtype}, compiled)


def _tiny_decoder(identity: Identity) -> Iterator[Candidate]:
    """The user's own small decoder for the model's family, which previews take too."""
    folder = paths.preview_decoders()
    family = families.of(catalog.lookup(str(identity.folder)).pipeline or "")
    if folder is not None and family is not None and (folder / family.name).is_dir():
        yield Candidate("tiny decoder", {"vae": str(folder / family.name)})


def also(text: str) -> Candidate:
    """A way of the user's own, by what differs from the plain recipe, like `{vae: ./taesd}`.

    Raises InvalidInput for anything but a map of some of ALSO. Whether the values can be had is
    checked with the sweep, before anything loads.
    """
    recipe = experiment_file.value("also", text)
    if not isinstance(recipe, Mapping) or not recipe or not set(recipe) <= set(ALSO):
        allowed = f"a map like {{vae: ./taesd}}, of some of {', '.join(ALSO)}"
        raise InvalidInput("also", text, allowed)
    words = [_words(name, value) for name, value in recipe.items()]
    return Candidate(", ".join(words), dict(recipe))


def _words(name: str, value: object) -> str:
    shown = PurePath(str(value)).name if name == "model" else value_in_table(name, value)
    return f"{name} {shown}"


def _has_quantisation(identity: Identity, name: str) -> bool:
    """Whether a model can have weights in 8 or 4 bits here."""
    if not quantisation.is_here(name):
        return False
    try:
        identify(identity.name, identity.device, identity.dtype, memory=(name,), download=False)
    except DwlabError:
        return False
    return True


def _has_openvino(identity: Identity, dtype: str) -> bool:
    """Whether OpenVINO computes a model here."""
    try:
        OPENVINO.check(identity.device)
        support.check(OPENVINO.backend, identity.name, identity.folder, dtype)
    except DwlabError:
        return False
    return True
