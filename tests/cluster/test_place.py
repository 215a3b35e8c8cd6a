"""Runs whose pictures workers make, against the same runs in one process."""

from __future__ import annotations

import functools
import json
from urllib.request import urlopen

import pytest
from own_code import method_file, notebook
from PIL import Image

import dwlab
from dwlab.analysis.results import Results
from dwlab.cluster import driver
from dwlab.cluster.connect import connected
from dwlab.cluster.place import placed
from dwlab.cluster.waits import Waits
from dwlab.errors import InvalidInput, MissingExtra, RenderError
from dwlab.events import Connected, Done, WorkerChanged
from dwlab.models.loaded_models import LOADED
from dwlab.runs import code_trust
from dwlab.spec.compute import Compute
from dwlab.spec.params import GenerationParams
from dwlab.spec.where import WorkerDevice, parse
from dwlab.store.store import Store

DEFINED = """
import dwlab

@dwlab.method
def plain(pipe, cell):
    return pipe(**cell.stock()).images[0]
"""


def sweep(**axes):
    return dwlab.Sweep(
        "placed", base={"prompt": "a {colour} circle", "steps": 2}, axes={"seed": [0, 1], **axes}
    )


def rows_of(root):
    with Store(root) as store:
        return {
            row["key"]: (row["pixels"], row["image"], json.loads(row["versions"]))
            for row in store.file.query("SELECT key, pixels, image, versions FROM cells")
        }


def test_a_sweep_by_workers_makes_the_rows_of_a_local_one(client, tmp_path):
    experiment = sweep(colour=["red", "blue"])
    local = experiment.run(tmp_path / "local", exact=4)
    events = []
    table = experiment.run(tmp_path / "remote", exact=4, where=client, on_event=events.append)
    here = rows_of(tmp_path / "local")
    there = rows_of(tmp_path / "remote")
    assert {key: row[:2] for key, row in there.items()} == {
        key: row[:2] for key, row in here.items()
    }
    assert {versions["worker"] for *_, versions in there.values()} <= {"cpu:0", "cpu:1"}
    assert set(table["worker"]) <= {"cpu:0", "cpu:1"}
    assert set(table["device"]) == {"cpu"}
    assert "worker" not in local.columns
    assert isinstance(events[0], Connected)
    assert any(isinstance(event, WorkerChanged) for event in events)


def test_a_table_of_both_has_no_worker_for_local_pictures(client, tmp_path):
    sweep(colour=["red"]).run(tmp_path)
    table = sweep(colour=["red", "blue"]).run(tmp_path, where=client)
    assert [bool(worker) for worker in table["worker"].fillna("")] == [
        colour == "blue" for colour in table["colour"]
    ]


def test_a_finished_sweep_asks_no_worker_to_work(client, tmp_path):
    sweep(colour=["red"]).run(tmp_path)
    events = []
    sweep(colour=["red"]).run(tmp_path, where=client, on_event=events.append)
    assert events == []


def test_pictures_without_a_store_come_from_workers_too(client):
    params = [GenerationParams("a red circle", steps=2, seed=seed) for seed in range(3)]
    events = list(dwlab.stream(params, where=client))
    assert sorted(event.index for event in events if isinstance(event, Done)) == [0, 1, 2]


def test_a_loaded_model_is_in_this_process_only(client):
    model = dwlab.load("shapes")
    with pytest.raises(InvalidInput, match="where the loaded model is"):
        next(dwlab.stream([GenerationParams("a red circle")], model=model, where=client))


def test_probes_come_back_with_their_pictures(client, tmp_path):
    experiment = dwlab.Sweep(
        "probed",
        base={"prompt": "a red circle", "steps": 2},
        axes={"seed": [0]},
        probes=["guidance_norm", "x0"],
    )
    experiment.run(tmp_path / "local")
    experiment.run(tmp_path / "remote", where=client)
    with Store(tmp_path / "local") as here, Store(tmp_path / "remote") as there:
        names = here.traces.names("probed")
        assert there.traces.names("probed") == names
    for name in names:
        local = Results(tmp_path / "local").traces(name, "probed")
        remote = Results(tmp_path / "remote").traces(name, "probed")
        assert len(local) == len(remote) > 0
    assert len(list((tmp_path / "remote").rglob("*.webp"))) == 1


def test_a_picture_to_start_from_travels(client, tmp_path):
    path = tmp_path / "start.png"
    Image.new("RGB", (128, 128), "red").save(path)
    experiment = dwlab.Sweep(
        "started",
        base={"prompt": "a blue square", "steps": 4, "image": str(path), "strength": 0.5},
        axes={"seed": [0]},
    )
    experiment.run(tmp_path / "local", exact=4)
    experiment.run(tmp_path / "remote", exact=4, where=client)
    here, there = rows_of(tmp_path / "local"), rows_of(tmp_path / "remote")
    assert [row[0] for row in there.values()] == [row[0] for row in here.values()]


def test_code_in_a_file_travels_with_the_modules_that_it_imports(client, tmp_path):
    file = method_file(tmp_path / "methods")
    experiment = dwlab.Sweep(
        "own",
        base={"prompt": "a red circle", "steps": 2, "method": f"{file}:plain"},
        axes={"seed": [0]},
    )
    code_trust.trust([cell.params for cell in experiment.cells()])
    experiment.run(tmp_path / "local", exact=4)
    # a worker has no such files
    file.rename(file.with_suffix(".old"))
    table = experiment.run(tmp_path / "remote", exact=4, where=client)
    assert list(table["status"]) == ["ok"]
    here, there = rows_of(tmp_path / "local"), rows_of(tmp_path / "remote")
    assert [row[0] for row in there.values()] == [row[0] for row in here.values()]


def test_a_function_of_this_process_does_not_travel(client, tmp_path):
    function = notebook(DEFINED).plain
    experiment = dwlab.Sweep(
        "own", base={"prompt": "a red circle", "steps": 2, "method": function}, axes={"seed": [0]}
    )
    with pytest.raises(InvalidInput, match="a function in a file"):
        experiment.run(tmp_path, where=client)


def test_adapters_are_found_on_the_worker_by_their_hash(client, tmp_path):
    experiment = dwlab.Sweep(
        "adapted",
        base={"prompt": "a red circle", "steps": 2, "loras": [{"file": "shapes-moon"}]},
        axes={"seed": [0]},
    )
    experiment.run(tmp_path / "local", exact=4)
    experiment.run(tmp_path / "remote", exact=4, where=client)
    here, there = rows_of(tmp_path / "local"), rows_of(tmp_path / "remote")
    assert [row[0] for row in there.values()] == [row[0] for row in here.values()]


def test_a_plan_says_how_many_workers_there_are(client, tmp_path):
    plan = sweep(colour=["red"]).plan(tmp_path, where=client)
    assert "with 2 workers" in str(plan)
    assert "with 4 workers" in str(sweep(colour=["red"]).plan(tmp_path, where="cpu*4"))
    assert "workers" not in str(sweep(colour=["red"]).plan(tmp_path))


def test_workers_elsewhere_say_what_they_compute_on(client):
    with placed(Compute(where=client)) as place:
        assert place.compute.elsewhere == WorkerDevice("cpu", "float32")
        assert place.workers == 2


def test_a_device_that_no_worker_has_is_refused(client):
    with (
        pytest.raises(RenderError, match="no worker computes on cuda; the workers have cpu"),
        placed(Compute(where=client, device="cuda")),
    ):
        pass


def test_a_sweep_for_gpus_is_planned_without_one(tmp_path):
    compute = Compute(elsewhere=WorkerDevice("cuda", "bfloat16"))
    from dwlab.runs.resolve import identify_all

    params = [GenerationParams("a red circle")]
    (identity,) = identify_all(params, compute).values()
    assert (identity.device, identity.dtype) == ("cuda", "bfloat16")


def test_more_copies_than_the_memory_holds_are_refused(tmp_path, monkeypatch):
    # what models of other tests hold would count as free
    LOADED.clear()
    monkeypatch.setattr("dwlab.models.memory.free_bytes", lambda _: 30_000_000)
    with pytest.raises(InvalidInput, match=r"where is 'cpu\*8'; allowed: at most cpu\*\d: each"):
        sweep(colour=["red"]).plan(tmp_path, where="cpu*8")
    with pytest.raises(InvalidInput, match=r"where is 'cpu\*8'"):
        sweep(colour=["red"]).run(tmp_path, where="cpu*8")


def test_a_dashboard_is_drawn_if_it_is_asked_for():
    with connected(parse("cpu*1"), dashboard=True) as client:
        assert client.dashboard_link.startswith("http://127.0.0.1:")
        with urlopen(client.dashboard_link) as page:
            assert b"Dask" in page.read()


def test_a_dashboard_that_cannot_be_drawn_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("dwlab.cluster.connect.find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match=r"dwlab\[cluster\]"):
        sweep(colour=["red"]).run(tmp_path, where="cpu*2", dashboard=True)


def test_if_every_worker_is_refused_the_error_names_them_and_the_difference(
    client, tmp_path, monkeypatch
):
    soon = functools.partial(driver.render_on, waits=Waits(notice=0.5))
    monkeypatch.setattr(driver, "render_on", soon)
    monkeypatch.setattr("dwlab.cluster.wire.versions", lambda: {"torch": "1.13.1"})
    with pytest.raises(RenderError, match="cpu:0 is refused: the version of dwlab is"):
        sweep(colour=["red"]).run(tmp_path, where=client)
    with Store(tmp_path) as store:
        assert store.file.query("SELECT key FROM cells") == []
