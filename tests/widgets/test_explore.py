"""The prompt bench without a page: what its traits show, and what serves in the next cell."""

import shutil
import time

import pytest

import dwlab
from dwlab.errors import InvalidInput
from dwlab.events import Failed, Started
from dwlab.render.renderer import render
from dwlab.widgets.explore import explorer
from dwlab.widgets.explore.recipe_sweep import sweep_around


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
    bench._receive({"do": do, **arguments}, [])


def wait(bench):
    deadline = time.monotonic() + 120
    while (
        bench._session.unfinished
        or bench.sweeping.get("running")
        or not bench.status["text"].startswith(("Done", "Made", "Stopped", "1 of", "trial"))
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
    assert [entry["text"].partition("seed ")[2][0] for entry in bench.strip] == [
        "1",
        "2",
    ]  # the pinned one first
    assert (
        bench.image.tobytes()
        != dwlab.generate("a star", steps=2, width=64, height=64, seed=1).image.tobytes()
    )


def test_going_back_while_pictures_form_disturbs_none_of_them(bench):
    ask(bench, "run")
    wait(bench)
    bench.controls = {**bench.controls, "count": 4, "steps": 40, "seed": 10}
    ask(bench, "run")
    deadline = time.monotonic() + 120
    while [tile["state"] for tile in bench.stage] != [
        "forming"
    ] * 4:  # all of a call, not the first alone
        assert time.monotonic() < deadline, bench.stage
        time.sleep(0.01)
    ask(bench, "restore", key=bench.strip[0]["key"])
    assert bench.controls["steps"] == 2
    wait(bench)
    assert [tile["state"] for tile in bench.stage] == ["done"] * 4
    assert len(bench.strip) == 5


def test_a_picture_that_fails_is_not_called_done(bench):
    def render(cells, **_):
        yield Started(0, cells[0].params)
        yield Failed(0, cells[0].params, "no memory", "oom")

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
    cells = sweep_around(bench.params, "trial", {"scheduler": "DDIM, Euler"}).cells()
    assert [dict(cell.params.scheduler_options) for cell in cells] == [{}, {}]
    assert {cell.params.negative_prompt for cell in cells} == {"{blue}"}


def test_a_sweep_never_takes_the_place_of_another(bench):
    ask(bench, "sweep", name="trial", axes={"steps": "1, 2"}, action="run")
    wait(bench)
    assert bench.sweeping["grid"].startswith("data:image/")
    ask(bench, "sweep", name="trial", axes={"steps": "1, 3"}, action="run")
    assert bench.form["field"] == "name" and bench.plan == {}
    ask(bench, "sweep", name="trial", axes={"steps": "1, 2"}, action="write")
    assert bench.plan["command"] == "dwlab sweep experiments/trial.yaml"
    ask(bench, "sweep", name="trial", axes={"steps": "1, 3"}, action="write")
    assert "experiments/" in bench.form["text"] and bench.plan == {}
    assert dwlab.Sweep.from_yaml("experiments/trial.yaml").axes == {"steps": [1, 2]}
    with pytest.raises(InvalidInput):
        bench.sweep_this("trial", {}, "plan")


def test_a_plan_tells_what_is_left_after_its_run(bench):
    ask(bench, "sweep", name="trial", axes={"steps": "1, 2"}, action="run")
    wait(bench)
    assert "2 done, 0 to do" in bench.plan["counts"]
    ask(bench, "sweep", name="another", axes={"steps": "1, 2, 3"}, action="plan")
    assert bench.sweeping == {}
    ask(bench, "sweep", name="trial", axes={"steps": "1, 2"}, action="run")
    ask(bench, "sweep", name="another", axes={"steps": "1, 2, 3"}, action="plan")
    wait(bench)
    assert bench.plan["name"] == "another" and bench.sweeping["name"] == "trial"
    assert not bench.sweeping["running"] and "grid" in bench.sweeping


def test_what_has_no_field_stays_in_the_recipe_until_it_is_left_out(bench):
    options = {"timestep_spacing": "leading"}
    recipe = {"call": {"eta": 0.5}, "scheduler": "DDIM", "scheduler_options": options}
    picture = dwlab.generate("a ring", steps=1, width=64, height=64, **recipe)
    bench.drop(picture.png())
    assert (dict(bench.params.call), dict(bench.params.scheduler_options)) == (
        {"eta": 0.5},
        options,
    )
    bench.controls = {
        **bench.controls,
        "scheduler": "DPM++ 2M Karras",
    }  # the other scheduler's options went with it
    assert dict(bench.params.call) == {"eta": 0.5}
    assert bench.params.scheduler_options == {"use_karras_sigmas": True}
    bench.controls = {**bench.controls, "more": {}}
    assert not bench.params.call
    bench.drop(
        dwlab.generate("a ring", steps=1, width=64, height=64, scheduler="Euler Karras").png()
    )
    assert bench.controls["scheduler"] == "Euler Karras" and bench.controls["more"] == {}


def test_the_history_goes_on_beyond_its_first_page(bench, monkeypatch):
    monkeypatch.setattr(explorer, "PAGE", 2)
    bench._history.limit = 2
    bench.controls = {**bench.controls, "count": 5, "steps": 1}
    ask(bench, "run")
    wait(bench)
    oldest = bench.strip[-1]["key"]
    assert (len(bench.strip), bench.older) == (2, True)
    ask(bench, "mark", key=bench.strip[0]["key"], mark="pin", value=1)
    assert len(bench.strip) == 3  # what is pinned takes no place
    ask(bench, "older")
    assert (len(bench.strip), bench.older) == (5, False)
    assert [entry["text"].partition("seed ")[2][0] for entry in bench.strip] == [
        "5",
        "4",
        "3",
        "2",
        "1",
    ]
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
    assert bench.status["text"] == "Made before; taken from the store."


def test_what_went_wrong_is_not_lost_under_the_next_job(bench):
    calls = []

    def fail_first(cells, **options):
        if calls.append(cells) or len(calls) == 1:
            yield Failed(0, cells[0].params, "no memory", "oom")
        else:
            yield from render(cells, **options)

    bench._session._render = fail_first
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
    assert (bench.controls["width"], bench.controls["prompt"], bench.controls["seed"]) == (
        1024,
        "a star",
        -5,
    )
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
    picture = dwlab.generate(
        "a ring", steps=1, width=64, height=64, scheduler="DDIM", call={"eta": 1.0}
    )
    bench.drop(picture.png())
    assert bench.controls["more"]["words"] == "eta 1.0"
    bench.controls = through_a_page(bench.controls)
    assert bench.params.canonical() == picture.params.canonical()


def test_two_sweeps_of_one_name_do_not_wait_together(bench):
    bench.controls = {**bench.controls, "steps": 30}
    ask(bench, "run")
    ask(bench, "sweep", name="trial", axes={"seed": "1, 2"}, action="run")
    ask(bench, "sweep", name="trial", axes={"seed": "3"}, action="run")
    assert bench.form["field"] == "name"
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
    assert bench.sweeping["grid"].startswith("data:image/")
    assert "Stopped" in bench.sweeping["text"] and not bench.sweeping["running"]


def test_a_negative_prompt_with_commas_is_one_value(bench):
    lines = 'blurry, dark | (bad hands:1.4), {x}\n\n  [a, b]: #1  \n""'
    cells = sweep_around(bench.params, "trial", {"negative_prompt": lines}).cells()
    negatives = ["blurry, dark | (bad hands:1.4), {x}", "[a, b]: #1", ""]
    assert [cell.params.negative_prompt for cell in cells] == negatives
    for axis in ("negative_prompt", "steps"):
        with pytest.raises(InvalidInput) as error:
            sweep_around(bench.params, "trial", {axis: "  "})
        assert error.value.field == axis
    assert sweep_around(bench.params, "trial", {"steps": "[1, 2]"}).axes == {"steps": [1, 2]}


@pytest.mark.parametrize(
    ("axes", "name", "field"),
    [
        ({"steps": "zero"}, "trial", "steps"),
        ({"steps": "1, 2000"}, "trial", "steps"),
        ({"seed": "{range: [0, 4, 0]}"}, "trial", "seed"),
        ({"seed": "[1, "}, "trial", "seed"),
        ({"steps": "1"}, "../x", "name"),
        ({"steps": "1"}, "", "name"),
        ({}, "trial", ""),
    ],
)
def test_what_a_sweep_cannot_be_is_said_of_its_field_and_the_old_plan_goes(
    bench, axes, name, field
):
    ask(bench, "sweep", name="trial", axes={"steps": "1, 2"})
    assert "2 cells" in bench.plan["counts"] and bench.form == {}
    ask(bench, "sweep", name=name, axes=axes, page_id="this page")
    assert (bench.form["tone"], bench.form["field"], bench.form["page_id"]) == (
        "bad",
        field,
        "this page",
    )
    assert bench.plan == {} and bench.problems == {}


def test_a_control_that_is_swept_may_be_wrong_and_another_may_not(bench):
    bench.controls = {**bench.controls, "steps": 0}
    ask(bench, "sweep", name="trial", axes={"steps": "1, 2"})
    assert "2 cells" in bench.plan["counts"]
    ask(bench, "sweep", name="trial", axes={"seed": "1, 2"})
    assert bench.form["field"] == "steps"


def test_what_is_said_of_a_sweep_goes_as_soon_as_a_field_changes(bench):
    axes = {"steps": {"on": True, "values": "1, 2"}, "seed": {"on": False, "values": ""}}
    form = {"name": "trial", "axes": axes}
    changes = [
        lambda: setattr(bench, "controls", {**bench.controls, "prompt": "another"}),
        lambda: setattr(bench, "page", {**bench.page, "name": "other"}),
        lambda: setattr(
            bench, "page", {**bench.page, "axes": {**axes, "steps": {"on": True, "values": "1"}}}
        ),
    ]
    for change in changes:
        ask(bench, "sweep", name="trial", axes={"steps": "1, 2"}, page=form)
        assert bench.plan["counts"]
        bench.page = {
            **bench.page,
            **form,
            "chosen": "x",
            "open": True,
        }  # comes late, and says nothing new
        bench.controls = {**bench.controls, "count": 2, "prompt": bench.controls["prompt"]}
        assert bench.plan["counts"]
        change()
        assert bench.plan == {} and bench.form == {}
    ask(bench, "sweep", name="../x", axes={"steps": "1, 2"}, page=form)
    assert bench.form["tone"] == "bad"
    changes[0]()
    assert bench.form["tone"] == "bad"  # the prompt is as it was
    bench.controls = {**bench.controls, "prompt": "a third"}
    assert bench.form == {}


def test_a_sweep_that_waits_says_so_in_its_form_until_its_turn_or_a_cancel(bench):
    bench.controls = {**bench.controls, "steps": 300}
    ask(bench, "run")
    ask(bench, "sweep", name="trial", axes={"steps": "1, 2"}, action="run")
    assert bench.form["waiting"] == "trial"
    ask(bench, "cancel")
    wait(bench)
    assert bench.form == {} and not bench.sweeping.get("running")


def test_the_fields_are_as_they_were_after_the_kernel_has_restarted(bench):
    bench.controls = {
        **bench.controls,
        "prompt": "a <b>star</b>",
        "count": 3,
        "more": {"call": '{"eta": 0.5}'},
    }
    page = {
        "name": "mine",
        "axes": {"steps": {"on": True, "values": "1, 2"}},
        "open": True,
        "chosen": "k",
    }
    bench.page = page
    again = dwlab.explore()
    assert again.controls == bench.controls and again.page == page
    assert again.params == bench.params
    assert (
        dwlab.explore("sd15").controls["prompt"] == ""
    )  # what was written for one model is not another's


def test_the_model_that_was_chosen_comes_back_with_its_limits(bench):
    bench.controls = {**bench.controls, "model": "sdxl"}
    bench.controls = {**bench.controls, "width": 768}
    again = dwlab.explore()
    assert (again.controls["model"], again.controls["width"]) == ("sdxl", 768)
    assert again.offer["model"] == "sdxl" and again.offer["sides"][1] > 512 and again.problems == {}


@pytest.mark.parametrize(
    "damage",
    [
        b"", b"{", b"[]", b"\x00\xff", b'{"controls": 1, "page": []}', b'{"controls": {"model": "../x"}}',
        b'{"controls": {"prompt": [], "steps": {}, "more": {"call": 3, "scheduler_options": "[]", "x": 1}}}', b'{"controls": {"model": 7}}',
        b'{"page": {"axes": {"steps": 1, "seed": {"values": []}}, "name": {}, "chosen": 1}}', b"[" * 5000,
    ],
)  # fmt: skip
def test_a_file_that_nobody_wrote_for_the_bench_harms_nothing(bench, damage):
    bench.controls = {**bench.controls, "prompt": "another"}
    (kept,) = (bench.root / ".panels").iterdir()
    kept.write_bytes(damage)
    again = dwlab.explore()
    again.controls = {**again.controls, "prompt": "a star", "width": 64, "height": 64, "steps": 1}
    ask(again, "sweep", name="trial", axes={"seed": "1, 2"})
    assert "2 cells" in again.plan["counts"], again.form
    assert all(set(axis) == {"on", "values"} for axis in again.page.get("axes", {}).values())


def test_a_folder_that_takes_no_file_stops_nothing(bench):
    shutil.rmtree(bench.root / ".panels")
    (bench.root / ".panels").write_text("a file where a folder should be")
    bench.controls = {**bench.controls, "prompt": "another"}
    assert bench.params.prompt == "another"


def test_a_typed_negative_prompt_replaces_the_empty_one_of_a_recipe(bench):
    bench.show(dwlab.GenerationParams("a star", call={"negative_prompt": "", "eta": 0.5}))
    assert bench._arguments()["call"] == {"negative_prompt": "", "eta": 0.5}
    bench.controls = {**bench.controls, "negative_prompt": "red"}
    assert dwlab.GenerationParams(**bench._arguments()).negative == "red"
