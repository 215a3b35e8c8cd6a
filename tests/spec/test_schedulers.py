"""Names of schedulers stand for classes that diffusers has, and what is said of them is what diffusers does."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import diffusers
import pytest

from dwlab.errors import InvalidInput
from dwlab.spec import schedulers
from dwlab.spec.catalog import SHAPES_FOLDER


def steps_with_eta():
    """Scheduler class -> whether its `step` takes `eta` and reads it; from diffusers' source, as some need more to import."""
    found = {}
    for path in (Path(diffusers.__file__).parent / "schedulers").glob("scheduling_*.py"):
        for node in ast.parse(path.read_text("utf-8")).body:
            steps = [
                m
                for m in getattr(node, "body", ())
                if isinstance(m, ast.FunctionDef) and m.name == "step"
            ]
            if isinstance(node, ast.ClassDef) and steps:
                takes = "eta" in [a.arg for a in (*steps[0].args.args, *steps[0].args.kwonlyargs)]
                found[node.name] = takes and any(
                    isinstance(n, ast.Name) and n.id == "eta" for n in ast.walk(steps[0])
                )
    return found


def test_the_schedulers_that_are_listed_as_using_eta_are_those_that_read_it():
    truth = steps_with_eta()
    classes = {cls for cls, _ in schedulers.ALIASES.values()}
    assert classes <= truth.keys()
    assert {cls for cls, used in truth.items() if used} == schedulers.USES_ETA


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # thousands, of diffusers and numpy
@pytest.mark.parametrize("name", schedulers.ALIASES)
def test_every_other_tools_name_stands_for_a_scheduler_of_diffusers(name):
    config = json.loads((SHAPES_FOLDER / "scheduler" / "scheduler_config.json").read_text())
    cls, options = schedulers.resolve(name)
    made = getattr(diffusers, cls).from_config(config, **options)
    assert options.items() <= dict(made.config).items()


def test_an_unknown_scheduler_is_refused_with_the_known_names():
    for name in ("Huen", "os.system", "", None, ["Heun"], 5):
        with pytest.raises(InvalidInput, match=r"scheduler is .*Heun"):
            schedulers.resolve(name)


@pytest.mark.parametrize(
    "name",
    sorted({cls for cls, _ in schedulers.ALIASES.values()} | {"FlowMatchHeunDiscreteScheduler"}),
)
@pytest.mark.parametrize("steps", [1, 2, 20])
def test_the_calls_of_the_denoiser_are_those_of_diffusers(name, steps):
    import diffusers

    # models with PNDM leave most of its warm-up out, and few steps need that
    options = {"skip_prk_steps": True} if name == "PNDMScheduler" else {}
    scheduler = getattr(diffusers, name)(**options)
    scheduler.set_timesteps(steps)
    # a pipeline calls the denoiser once for each of these
    calls = len(scheduler.timesteps)
    is_warmed_up = name == "PNDMScheduler" and steps > 1
    assert calls - is_warmed_up == schedulers.denoiser_calls(name, steps)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("spacing", ["leading", "trailing", "linspace"])
@pytest.mark.parametrize("name", schedulers.ALIASES)
def test_fewer_steps_are_no_prefix_of_more_beyond_the_first_call(name, spacing):
    config = json.loads((SHAPES_FOLDER / "scheduler" / "scheduler_config.json").read_text())
    cls, options = schedulers.resolve(name)
    made = getattr(diffusers, cls).from_config(config, **options, timestep_spacing=spacing)

    def timesteps(steps):
        made.set_timesteps(steps)
        return made.timesteps.tolist()

    for fewer, more in [(5, 10), (10, 20), (10, 19)]:
        alike = [a == b for a, b in zip(timesteps(fewer), timesteps(more), strict=False)]
        assert alike.index(False) <= 1
        # those of docs/packing.md
        if spacing == "leading" and name in ("DDIM", "DDPM"):
            assert not alike[0]


@pytest.mark.parametrize(
    ("own", "offered", "not_offered"),
    [
        ("DDIMScheduler", "Euler a", "Flow match Euler"),
        ("FlowMatchEulerDiscreteScheduler", "Flow match Euler", "Euler a"),
        (None, "Euler a", "Flow match Euler"),
    ],
)
def test_schedulers_fit_models_of_their_kind(own, offered, not_offered):
    names = schedulers.fitting(own)
    assert offered in names and not_offered not in names
