"""What tuning tries, when it keeps a candidate, and the profile that it writes."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from bench.made_up import row
from measuring_here import measure_here

import dwlab
from dwlab.bench import runner, tune, tune_stages
from dwlab.bench.spec import BenchSpec
from dwlab.bench.tune_stages import TuningStage
from dwlab.errors import RenderError
from dwlab.models import profiles
from dwlab.models.identity import identify


@pytest.mark.parametrize("quick", [True, False])
def test_tuning_tries_dtypes_kernels_threads_batches_and_compiling(quick):
    start = BenchSpec("b", base={"device": "cpu", "dtype": "float32"}).configurations([])[0]
    stages = {stage.name: stage for stage in tune_stages.stages("cpu", quick=quick)}
    assert list(stages) == [
        "dtype and memory layout",
        "attention",
        "threads",
        "batch",
        *([] if quick else ["compile"]),
        "backend",
        "batch of the backend",
    ]
    tried = [one for stage in stages.values() for one in stage.candidates(start)]
    assert {one.params.dtype for one in tried} == {"float32", "bfloat16"} and {
        one.batch for one in tried
    } == {
        1,
        2,
        4,
        8,
        16,
        32,
    }
    assert {one.settings.attention for one in tried} == {"auto", "math", "flash"}
    fastest = start.with_settings(channels_last=True, attention="math", compile="default")
    for one in stages["backend"].candidates(fastest):
        assert one.settings.changed() == {"backend": "openvino"}
    after = stages["batch of the backend"]
    assert not after.candidates(start)
    assert [one.batch for one in after.candidates(start.with_settings(backend="openvino"))] == [
        *tune_stages.BATCHES
    ]
    cuda = replace(start, device="cuda:0")
    gpu = [
        one for stage in tune_stages.stages("cuda:0", quick=False) for one in stage.candidates(cuda)
    ]
    assert {one.settings.compile for one in gpu} == {"none", "default", "reduce-overhead"}
    assert "float16" in {one.params.dtype for one in gpu} and "cudnn" in {
        one.settings.attention for one in gpu
    }


def test_a_candidate_without_parity_gains_nothing():
    slow, fast = row(2.0), row(1.0, batch=2)
    assert tune.gain(slow, fast).median == pytest.approx(4.0)
    assert (
        tune.gain(slow, {**fast, "parity": None})
        == tune.gain(slow, {**fast, "status": "invalid"})
        == tune.NOT_VALID
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_tuning_keeps_a_profile_that_generate_then_uses(tmp_path, monkeypatch):
    """One stage of real measurements; what is faster here and now is not for a test to say."""
    monkeypatch.setattr(
        tune, "stages", lambda *_, **__: [TuningStage("batch", lambda best: [best.with_batch(4)])]
    )
    tuned = tune.tune("shapes", device="cpu", steps=2, results=tmp_path)
    assert tuned.profile.batch in (1, 4) and tuned.profile.gain >= 1
    assert "batch, over the best so far" in tuned.text() and str(tuned.path) in tuned.text()
    kept = profiles.find("fast", "shapes", identify("shapes", "cpu").weights, "cpu")
    assert kept == tuned.profile
    picture = dwlab.generate("a red star", profile="fast", device="cpu")
    assert (picture.dtype, picture.settings) == (kept.dtype, kept.settings.changed())


@pytest.fixture
def tune_batch(tmp_path, monkeypatch):
    """Tune the batch alone, in this process."""
    monkeypatch.setattr(runner, "run_worker", measure_here)
    stage = TuningStage("batch", lambda best: [best.with_batch(2)])
    monkeypatch.setattr(tune, "stages", lambda *_, **__: [stage])

    def tuned(**options):
        return tune.tune("shapes", device="cpu", steps=1, quick=True, results=tmp_path, **options)

    return tuned


def folders_of(results):
    return list(results.glob("benchmarks/unfinished/tune-*"))


@pytest.mark.slow
def test_an_interrupted_tuning_goes_on_where_it_was_and_leaves_no_folder(tune_batch, tmp_path):
    cancel = threading.Event()
    first_run = []

    def stop_after_one(event):
        if event.kind == "done":
            first_run.append(event.index)
            cancel.set()

    assert tune_batch(cancel=cancel, on_event=stop_after_one) is None
    assert len(first_run) == 1 and len(folders_of(tmp_path)) == 1
    plans = []
    assert tune_batch(on_plan=lambda stage, todo: plans.append((stage, todo)))
    assert plans[0] == ("batch", 1)
    assert folders_of(tmp_path) == []


def test_a_tuning_that_fails_leaves_no_folder(tune_batch, tmp_path, monkeypatch):
    failed = {"status": "failed", "error": "no room"}
    monkeypatch.setattr(runner, "run_worker", lambda *_, **__: failed)
    with pytest.raises(RenderError, match="no room"):
        tune_batch()
    assert folders_of(tmp_path) == []
