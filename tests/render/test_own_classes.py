"""A scheduler and a pipeline of the user's own, from files."""

from __future__ import annotations

import pytest
from counting import Rows
from side_by_side import made
from start_pictures import difference

import dwlab
from dwlab.errors import InvalidInput
from dwlab.models import loading
from dwlab.models.settings import denoiser_of
from dwlab.runs import code_trust
from dwlab.spec.params import GenerationParams

SCHEDULER = """
from diffusers import DDIMScheduler


class Own(DDIMScheduler):
    def step(self, model_output, *args, **kwargs):
        return super().step(model_output * FACTOR, *args, **kwargs)
"""
PIPELINE = """
from diffusers import StableDiffusionPipeline


class Own(StableDiffusionPipeline):
    def __call__(self, *args, fainter: float = 1.0, guidance_scale=7.5, **kwargs):
        return super().__call__(*args, guidance_scale=guidance_scale * fainter, **kwargs)


class Beginning(StableDiffusionPipeline):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.factor = 0.5

    def __call__(self, *args, guidance_scale=7.5, **kwargs):
        return super().__call__(*args, guidance_scale=guidance_scale * self.factor, **kwargs)


class Choosy(StableDiffusionPipeline):
    def __init__(self, more, *args, **kwargs):
        super().__init__(*args, **kwargs)


class Other:
    pass
"""
BASE = {"prompt": "a red circle", "width": 64, "height": 64, "guidance": 3.0, "steps": 3}


@pytest.fixture(scope="module")
def model():
    return loading.load("shapes", "cpu", "float32")


@pytest.fixture
def write(tmp_path):
    """Writes code that may run here; gives a reference to it."""

    def write(text, name="Own"):
        path = tmp_path / "own.py"
        path.write_text(text, "utf-8")
        return f"{path}:{name}"

    return write


def cell(**values):
    params = GenerationParams(**BASE | values)
    code_trust.trust([params])
    return params


def test_a_scheduler_of_ones_own_shares_forwards_with_others(model, write):
    plain = cell(scheduler="DDIM")
    same = cell(scheduler=write(SCHEDULER.replace("FACTOR", "1")))
    other = cell(scheduler=write(SCHEDULER.replace("FACTOR", "0.5")))
    assert len({each.key("weights", "float32") for each in (plain, same, other)}) == 3
    with Rows(denoiser_of(model.pipeline)) as rows:
        # what was read when the recipe was made is run, whatever its file says by now
        first, second, third = made([plain, same, other], model=model)
    assert max(rows) == 6
    assert difference(first.image, second.image) <= 1
    assert difference(first.image, third.image) > 1


def test_another_scheduler_takes_its_place(write):
    own = cell(scheduler=write(SCHEDULER))
    assert (own.scheduler, own.scheduler_code.name) == ("Own", "Own")
    assert own.replace(scheduler="DDIM").scheduler_code is None
    assert GenerationParams.of(**own.as_dict()) == own


def test_a_pipeline_of_ones_own_draws_in_company(model, write):
    own = write(PIPELINE)
    weaker = cell(pipeline=own, call={"fainter": 0.5})
    plain, same, changed, expected = made(
        [cell(), cell(pipeline=own), weaker, cell(guidance=1.5)], model=model
    )
    assert difference(plain.image, same.image) <= 1
    assert difference(changed.image, expected.image) <= 1
    assert difference(plain.image, changed.image) > 1


def test_a_pipeline_that_does_not_derive_from_the_stock_one_fails(model, write):
    params = cell(pipeline=write(PIPELINE, "Other"))
    (failed,) = [each for each in dwlab.stream([params], model=model) if each.kind == "failed"]
    assert "pipeline Other does not derive from StableDiffusionPipeline" in failed.error


@pytest.mark.parametrize("name", ["scheduler", "pipeline"])
def test_a_class_that_is_not_there_is_refused(write, name):
    with pytest.raises(InvalidInput, match=r"a class in own\.py: Own"):
        cell(**{name: write(SCHEDULER, "Missing")})


def test_both_are_axes(write):
    sweep = dwlab.Sweep(
        "trial",
        base=BASE,
        axes={"scheduler": ["DDIM", write(SCHEDULER)], "pipeline": [None, write(PIPELINE)]},
    )
    cells = sweep.cells()
    assert [str(each.axes["pipeline"]) for each in cells] == ["None", "Own"] * 2
    assert [each.params.scheduler for each in cells] == ["DDIMScheduler"] * 2 + ["Own"] * 2


@pytest.mark.slow
def test_a_pipeline_with_attributes_of_its_own_sets_them_before_it_draws(model, write):
    own = cell(pipeline=write(PIPELINE, "Beginning"))
    expected, weaker = made([cell(guidance=1.5), own], model=model)
    assert difference(expected.image, weaker.image) <= 1


@pytest.mark.slow
def test_classes_that_cannot_be_made_say_why(model, write):
    choosy = cell(pipeline=write(PIPELINE, "Choosy"))
    events = [event for event in dwlab.stream([choosy], model=model) if event.kind == "failed"]
    assert "cannot be made of what StableDiffusionPipeline is made of" in events[0].error
    plain = cell(scheduler=write(PIPELINE, "Other"))
    events = [event for event in dwlab.stream([plain], model=model) if event.kind == "failed"]
    assert "has no from_config; derive it from a scheduler of diffusers" in events[0].error
