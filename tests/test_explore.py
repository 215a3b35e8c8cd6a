"""The prompt bench without a page: what its traits show, and what serves in the next cell."""

import json
import time
from pathlib import Path

import pngs
import pytest

import dwlab
from dwlab.errors import InvalidInput
from dwlab.events import Event
from dwlab.widgets import explore
from dwlab.widgets.sweep_of import sweep_of

CASES = Path(__file__).parent / "cases" / "png"


@pytest.fixture
def bench(tmp_path, monkeypatch):
    (tmp_path / "experiments").mkdir()
    monkeypatch.chdir(tmp_path)
    bench = dwlab.explore()
    bench.controls = {
        **bench.controls,
        "prompt": "a star",
        "steps": 2,
        "width": 64,
        "height": 64,
        "seed": 1,
        "locked": True,
    }
    yield bench
    bench.close()


def ask(bench, do, **arguments):
    bench._asked({"do": do, **arguments}, [])


def wait(bench):
    deadline = time.monotonic() + 120
    while bench._session.unfinished or not bench.status["text"].startswith(
        ("Done", "Made", "Stopped", "1 of", "trial")
    ):
        assert time.monotonic() < deadline, bench.status
        time.sleep(0.05)


def test_what_serves_in_the_next_cell(bench):
    assert bench.image is None
    assert len(bench.history) == 0
    ask(bench, "run")
    wait(bench)
    assert bench.image.size == (64, 64)
    assert list(bench.history["seed"]) == [1]
    assert (bench.params.prompt, bench.params.steps) == ("a star", 2)
    ask(bench, "mark", key=bench.strip[0]["key"], mark="pin", value=1)
    bench.controls = {**bench.controls, "seed": 2}
    ask(bench, "run")
    wait(bench)
    assert [entry["text"].partition("seed ")[2][0] for entry in bench.strip] == ["1", "2"]  # the pinned one first
    assert bench.image.tobytes() != dwlab.generate("a star", steps=2, width=64, height=64, seed=1).image.tobytes()


def test_going_back_while_pictures_form_disturbs_none_of_them(bench):
    ask(bench, "run")
    wait(bench)
    bench.controls = {**bench.controls, "count": 4, "steps": 40, "seed": 10}
    ask(bench, "run")
    deadline = time.monotonic() + 120
    while [tile["state"] for tile in bench.stage] != ["forming"] * 4:  # all of a call, not the first alone
        assert time.monotonic() < deadline, bench.stage
        time.sleep(0.01)
    ask(bench, "restore", key=bench.strip[0]["key"])
    assert bench.controls["steps"] == 2
    wait(bench)
    assert [tile["state"] for tile in bench.stage] == ["done"] * 4
    assert len(bench.strip) == 5


def test_a_picture_that_fails_is_not_called_done(bench):
    def render(params, **_):
        yield Event("started", 0, params[0])
        yield Event("failed", 0, params[0], error="no memory", status="oom")

    bench._session._render = render
    ask(bench, "run")
    wait(bench)
    assert bench.status["text"].startswith("1 of 1 pictures failed")
    assert (bench.stage[0]["state"], bench.stage[0]["note"]) == ("failed", "no memory")


def test_what_is_wrong_is_said_and_nothing_runs(bench):
    bench.controls = {**bench.controls, "steps": 0, "width": 65}
    assert set(bench.problems) == {"steps", "width"}
    ask(bench, "run")
    assert "steps" in bench.problems[""]
    assert bench._session.unfinished == 0
    bench.controls = {**bench.controls, "steps": 2, "width": 64}
    ask(bench, "restore", key="no such key")
    assert "key" in bench.problems[""]
    ask(bench, "cancel")
    assert "" not in bench.problems


def test_another_scheduler_takes_no_options_of_the_one_before(bench):
    bench.controls = {**bench.controls, "scheduler": "DPM++ 2M Karras", "negative_prompt": "{blue}"}
    cells = sweep_of(bench.params, "trial", {"scheduler": "DDIM, Euler"}).cells()
    assert [dict(cell.params.scheduler_options) for cell in cells] == [{}, {}]
    assert {cell.params.negative_prompt for cell in cells} == {"{blue}"}


def test_a_sweep_never_takes_the_place_of_another(bench):
    ask(bench, "sweep", name="trial", axes={"steps": "1, 2"}, action="run")
    wait(bench)
    assert bench.plan["grid"].startswith("data:image/")
    ask(bench, "sweep", name="trial", axes={"steps": "1, 3"}, action="run")
    assert "name" in bench.problems[""]
    ask(bench, "sweep", name="trial", axes={"steps": "1, 2"}, action="write")
    assert bench.plan["command"] == "dwlab sweep experiments/trial.yaml"
    ask(bench, "sweep", name="trial", axes={"steps": "1, 3"}, action="write")
    assert "experiments/" in bench.problems[""]
    assert dwlab.Sweep.from_yaml("experiments/trial.yaml").axes == {"steps": [1, 2]}
    with pytest.raises(InvalidInput):
        bench.sweep_this("trial", {}, "plan")


def test_a_plan_tells_what_is_left_after_its_run(bench):
    ask(bench, "sweep", name="trial", axes={"steps": "1, 2"}, action="run")
    wait(bench)
    assert "2 done, 0 to do" in bench.plan["counts"]
    shown = bench.plan["grid"]
    ask(bench, "sweep", name="another", axes={"steps": "1, 2, 3"}, action="plan")
    assert "grid" not in bench.plan
    ask(bench, "sweep", name="trial", axes={"steps": "1, 2"}, action="run")
    ask(bench, "sweep", name="another", axes={"steps": "1, 2, 3"}, action="plan")
    wait(bench)
    assert bench.plan["name"] == "another" and bench.plan.get("grid") != shown


def test_a_picture_of_another_tool_is_named_and_its_model_is_not_chosen(bench):
    bench.drop((CASES / "a1111_model_named_sdxl.png").read_bytes())
    assert (bench.params.model, bench.params.prompt, bench.params.seed) == ("shapes", "a red star", 5)
    assert "model: sdxl (shapes stays; choose another in the controls)" in bench.status["text"]
    bench.drop((CASES / "comfyui.png").read_bytes())
    assert "The recipe of the picture, of ComfyUI, is in the controls." in bench.status["text"]
    assert (bench.controls["scheduler"], bench.controls["steps"]) == ("DPM++ 2M Karras", 8)


def test_of_much_that_is_left_out_the_bench_says_a_part_and_how_much_more(bench):
    values = {"positive_prompt": "a star", **{f"extra {k}": "x" * 500 for k in range(200)}}
    bench.drop(pngs.picture(pngs.text("invokeai_metadata", json.dumps(values))))
    assert "extra 11: xx" in bench.status["text"] and "; and 188 more." in bench.status["text"]
    assert len(bench.status["text"]) < 2500


def test_what_has_no_field_stays_in_the_recipe_until_it_is_left_out(bench):
    options = {"timestep_spacing": "leading"}
    recipe = {"call": {"eta": 0.5}, "scheduler": "DDIM", "scheduler_options": options}
    picture = dwlab.generate("a ring", steps=1, width=64, height=64, **recipe)
    bench.drop(picture.png())
    assert (dict(bench.params.call), dict(bench.params.scheduler_options)) == ({"eta": 0.5}, options)
    bench.controls = {**bench.controls, "scheduler": "DPM++ 2M Karras"}  # the other scheduler's options went with it
    assert dict(bench.params.call) == {"eta": 0.5}
    assert bench.params.scheduler_options == {"use_karras_sigmas": True}
    bench.controls = {**bench.controls, "more": {}}
    assert not bench.params.call
    bench.drop(dwlab.generate("a ring", steps=1, width=64, height=64, scheduler="Euler Karras").png())
    assert bench.controls["scheduler"] == "Euler Karras" and bench.controls["more"] == {}


def test_the_history_goes_on_beyond_its_first_page(bench, monkeypatch):
    monkeypatch.setattr(explore, "PAGE", 2)
    bench._limit = 2
    bench.controls = {**bench.controls, "count": 5, "steps": 1}
    ask(bench, "run")
    wait(bench)
    oldest = bench.strip[-1]["key"]
    assert (len(bench.strip), bench.older) == (2, True)
    ask(bench, "mark", key=bench.strip[0]["key"], mark="pin", value=1)
    assert len(bench.strip) == 3  # what is pinned takes no place
    ask(bench, "older")
    assert (len(bench.strip), bench.older) == (5, False)
    assert [entry["text"].partition("seed ")[2][0] for entry in bench.strip] == ["5", "4", "3", "2", "1"]
    ask(bench, "mark", key=oldest, mark="hide", value=1)
    ask(bench, "restore", key=oldest)  # hidden, and still there
    assert bench.params.seed == 4


def test_what_is_made_again_is_no_longer_hidden(bench):
    for seed in (1, 2):
        ask(bench, "run", controls={"seed": seed})  # the fields travel with what is made of them
        wait(bench)
    first = bench.strip[1]["key"]
    ask(bench, "mark", key=first, mark="hide", value=1)
    assert len(bench.strip) == 1
    ask(bench, "run", controls={"seed": 1})
    wait(bench)
    assert bench.strip[0]["key"] == first
    assert bench.status["text"] == "Made before: taken from the store."


def test_what_went_wrong_is_not_lost_under_the_next_job(bench):
    calls = []

    def render(params, **options):
        if calls.append(params) or len(calls) == 1:
            yield Event("failed", 0, params[0], error="no memory", status="oom")
        else:
            yield from dwlab.stream(params, **options)

    bench._session._render = render
    ask(bench, "run", controls={"seed": 1})
    ask(bench, "run", controls={"seed": 2})
    wait(bench)
    assert "1 of 1 pictures failed" in bench.notice
    assert bench.status["text"].startswith("Done")
    ask(bench, "run", controls={"seed": 3})
    assert bench.notice == ""
    wait(bench)


def test_another_model_brings_its_own_limits_whatever_stands_in_the_fields(bench):
    bench.controls = {**bench.controls, "seed": -5}
    assert set(bench.problems) == {"seed"}
    bench.controls = {**bench.controls, "model": "sdxl"}
    assert (bench.controls["width"], bench.controls["prompt"], bench.controls["seed"]) == (1024, "a star", -5)
    assert bench.offer["sides"][1] > 512
    assert "seed" in bench.problems


@pytest.mark.parametrize("seed", [7, 2**53 + 1, 2**63 - 1])
def test_seeds_travel_to_the_page_as_text_and_back(bench, seed):
    bench.drop(dwlab.generate("a ring", steps=1, width=64, height=64, seed=seed).png())
    assert bench.controls["seed"] == str(seed)
    bench.controls = through_a_page(bench.controls)
    assert bench.params.seed == seed


def through_a_page(value):
    """A value as it comes back from a browser, whose only numbers are doubles, written without a fraction of nought."""
    if isinstance(value, dict):
        return {name: through_a_page(inside) for name, inside in value.items()}
    if isinstance(value, int | float) and not isinstance(value, bool):
        return int(float(value)) if float(value).is_integer() else float(value)
    return value


def test_what_has_no_field_comes_back_from_a_page_unchanged(bench):
    picture = dwlab.generate("a ring", steps=1, width=64, height=64, scheduler="DDIM", call={"eta": 1.0})
    bench.drop(picture.png())
    assert bench.controls["more"]["words"] == "eta 1.0"
    bench.controls = through_a_page(bench.controls)
    assert bench.params.canonical() == picture.params.canonical()


def test_two_sweeps_of_one_name_do_not_wait_together(bench):
    bench.controls = {**bench.controls, "steps": 30}
    ask(bench, "run")
    ask(bench, "sweep", name="trial", axes={"seed": "1, 2"}, action="run")
    ask(bench, "sweep", name="trial", axes={"seed": "3"}, action="run")
    assert "name" in bench.problems[""]
    ask(bench, "cancel")


def test_nothing_is_said_to_stop_where_nothing_runs(bench):
    before = dict(bench.status)
    ask(bench, "cancel")
    assert bench.status == before


def test_a_sweep_that_was_stopped_shows_what_it_made(bench):
    ask(bench, "sweep", name="trial", axes={"seed": "1, 2", "steps": "1, 1000"}, action="run")
    deadline = time.monotonic() + 120
    while "1000" not in bench.status["text"] and bench.status["share"] < 0.5:
        assert time.monotonic() < deadline, bench.status
        time.sleep(0.05)
    ask(bench, "cancel")
    wait(bench)
    assert "2 done, 2 to do" in bench.plan["counts"]
    assert bench.plan["grid"].startswith("data:image/")
