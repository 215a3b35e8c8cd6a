"""The worker, with the real renderer: batches, failures, out of memory, clean-up."""

from __future__ import annotations

import functools
import sqlite3
import threading
from contextlib import closing

import pytest
import tiny
import torch
from served import SMALL, wait_for

from dwlab.cluster.gone import AllRefused, WorkerGone
from dwlab.errors import ModelError
from dwlab.models import loading
from dwlab.render.stock_call import StockCall
from dwlab.server.events.job_events import JobEventLogs, RunProgress
from dwlab.server.jobs.job_queue import JobQueue
from dwlab.server.jobs.job_status import status_of
from dwlab.server.jobs.turns import Turns
from dwlab.server.prometheus_metrics import ServerMetrics
from dwlab.server.settings import ServerSettings
from dwlab.server.worker import worker as worker_module
from dwlab.server.worker.job_loop import JobLoop
from dwlab.server.worker.picture_jobs import render_pictures
from dwlab.server.worker.worker import Worker
from dwlab.spec.params import GenerationParams
from dwlab.store.experiment_lock import experiment_lock
from dwlab.store.store import Store

MESSAGES = (
    "CUDA out of memory. Tried to allocate",
    "MPS backend out of memory (",
    "can't allocate memory: you tried",
)


@pytest.fixture
def worker(tmp_path, request):
    """A worker in this process, with these settings."""
    worker = Worker(
        tmp_path,
        ServerSettings(_env_file=None, **getattr(request, "param", {})),
        JobEventLogs(),
        ServerMetrics(),
    )
    yield worker
    if worker.alive:
        worker.stop(120)


def recipe(prompt, **more):
    return GenerationParams(prompt, **SMALL, **more).as_dict()


@pytest.fixture
def ask(tmp_path, worker):
    """Queue prompts or requests as jobs that are alike, and return the jobs once they have ended."""

    def run(*prompts):
        with Store(tmp_path) as store:
            jobs = JobQueue(store.file)
            requests = [
                {"params": [recipe(prompt)]} if isinstance(prompt, str) else prompt
                for prompt in prompts
            ]
            submitted = [
                jobs.submit(request, alike="same" if "params" in request else None).job.id
                for request in requests
            ]
            worker.start()
            return wait_for(
                lambda: (
                    all(
                        (answers := [jobs.get(job) for job in submitted])
                        and [job.over for job in answers]
                    )
                    and answers
                )
            )

    return run


@pytest.mark.parametrize("worker", [{"keep_gb": 1e-9}], indirect=True)
def test_the_worker_cleans_up_between_jobs(ask, worker, tmp_path):
    (job,) = ask("a red circle")
    picture = tmp_path / job.result["images"][0].removeprefix("/")
    assert job.status == "completed" and picture.exists()
    worker._cleanup.last_at = None  # ten minutes later
    wait_for(lambda: not picture.exists())


@pytest.mark.slow
def test_a_job_whose_picture_has_nan_values_is_completed_with_a_warning(ask, tmp_path):
    pipeline = tiny.sd()
    with torch.no_grad():
        pipeline.vae.decoder.conv_out.bias[0] = float("nan")
    pipeline.save_pretrained(tmp_path / "broken")
    sound, broken = ask(
        "a red circle", {"params": [recipe("a star", model=str(tmp_path / "broken"))]}
    )
    assert (sound.status, broken.status, broken.error) == ("completed", "completed", None)
    assert status_of(sound, RunProgress()).warning is None
    assert status_of(broken, RunProgress()).warning.startswith(
        "the picture is black or broken: 33% of its values"
    )


def test_a_job_that_the_model_cannot_do_fails_alone(ask):
    unknown = {"params": [recipe("a green circle", scheduler="NoSuchScheduler")]}
    ended = ask("a red circle", unknown, "a blue circle")
    assert [job.status for job in ended] == ["completed", "failed", "completed"]
    assert "scheduler is 'NoSuchScheduler'" in ended[1].error and ended[0].error is None
    assert all(len(job.result["images"]) == 1 for job in (ended[0], ended[2]))


def test_equal_recipes_of_a_batch_are_made_once(ask, worker, tmp_path):
    twice = {"params": [recipe("a red circle"), recipe("a blue circle")]}
    ended = ask("a red circle", twice, "a red circle")
    assert [job.status for job in ended] == ["completed"] * 3
    (red,) = ended[0].result["images"]
    assert ended[1].result["images"][0] == red and ended[2].result["images"] == [red]
    with closing(sqlite3.connect(tmp_path / "dwlab.sqlite")) as sql:
        assert sql.execute("SELECT count(*), count(DISTINCT key) FROM attempts").fetchone() == (
            2,
            2,
        )
    assert b'dwlab_pictures_total{how="made"} 2.0' in worker._metrics.text({})


def test_a_sweep_whose_experiment_another_process_runs_fails_with_that_reason(ask, tmp_path):
    with experiment_lock(tmp_path, "busy@api"):
        (job,) = ask({"sweep": {"name": "busy", "base": {"prompt": "a", **SMALL}}})
    assert job.status == "failed" and "another process is running the experiment" in job.error
    assert str(tmp_path) not in job.error


@pytest.fixture
def queue(tmp_path):
    with Store(tmp_path) as store:
        yield JobQueue(store.file)


def test_a_request_comes_before_a_sweep_that_runs(worker, queue):
    seeds = {"range": [200]}
    sweep = {
        "name": "long",
        "base": {"prompt": "a star", **SMALL, "steps": 20},
        "axes": {"seed": seeds},
    }
    long = queue.submit({"sweep": sweep}).job.id
    worker.start()
    wait_for(lambda: (log := worker._event_logs.get(long)) and log.step)
    asked = queue.submit({"params": [recipe("a red circle")]}, alike="same").job.id
    wait_for(lambda: queue.get(asked).status == "completed")
    done = worker._event_logs.get(long).step
    assert queue.get(long).status == "running" and done < 200
    wait_for(lambda: worker._event_logs.get(long).step > done), "the sweep goes on"
    queue.cancel(long)
    worker.drop(long)


def test_a_request_joins_those_under_way_that_are_alike(worker, queue):
    long = queue.submit({"params": [recipe("a star") | {"steps": 999}]}, alike="same").job.id
    worker.start()
    wait_for(lambda: (log := worker._event_logs.get(long)) and log.step)
    joining = [
        queue.submit({"params": [recipe(prompt)]}, alike="same").job.id
        for prompt in ("a", "b", "a")
    ]
    other = queue.submit({"params": [recipe("c") | {"width": 72}]}, alike="other").job.id
    worker.wake()
    wait_for(lambda: all(queue.get(job).status == "completed" for job in joining))
    assert queue.get(long).status == "running" and queue.get(other).status == "queued"
    assert b'dwlab_pictures_total{how="made"} 2.0' in worker._metrics.text({}), "equal ones once"
    queue.cancel(long)
    worker.drop(long)
    wait_for(lambda: queue.get(other).status == "completed")
    assert b"dwlab_jobs_together_sum 5.0" in worker._metrics.text({})


def test_a_job_cancelled_while_it_is_claimed_makes_no_picture(worker, tmp_path):
    with Store(tmp_path) as store:
        jobs = JobQueue(store.file)
        jobs.submit({"params": [recipe("a red circle")]})
        batch = jobs.claim(worker._owner)
        jobs.cancel(batch[0].id)
        loop = JobLoop(
            "pictures",
            worker._workplace,
            Turns(),
            device=worker._devices._device,
            is_for=lambda _: True,
            work=render_pictures,
        )
        loop.work_on(store, jobs, batch)
        assert jobs.get(batch[0].id).status == "cancelled"
        assert store.cells.rows() == []


def test_a_job_whose_worker_died_is_left_to_the_device_that_has_it_next(worker, queue, tmp_path):
    def die(_batch):
        raise WorkerGone(has_begun=True)

    job = queue.submit({"params": [recipe("a red circle")]}, alike="same").job
    claimed = queue.claim(worker._owner)
    loop = JobLoop("pictures", worker._workplace, Turns(), is_for=lambda _: True, work=die)

    def work():
        with Store(tmp_path) as store:
            loop.work_on(store, JobQueue(store.file), claimed)

    dying = threading.Thread(target=work)
    dying.start()
    # of another device of the same process, while the loop of the dead one waits
    wait_for(lambda: queue.claim(worker._owner))
    loop.close()
    dying.join(120)
    now = queue.get(job.id)
    assert (now.status, now.attempts) == ("running", 2)


def test_a_job_that_every_worker_was_refused_for_fails(worker, queue, tmp_path):
    def refuse(_batch):
        raise AllRefused("no worker took a picture for 10 s; node7 cpu #12 is refused: it is old")

    job = queue.submit({"params": [recipe("a red circle")]}, alike="same").job
    loop = JobLoop("pictures", worker._workplace, Turns(), is_for=lambda _: True, work=refuse)
    with Store(tmp_path) as store:
        loop.work_on(store, JobQueue(store.file), queue.claim(worker._owner))
    ended = queue.get(job.id)
    assert ended.status == "failed" and "every worker of this server was refused" in ended.error
    assert "node7" not in ended.error


def test_a_stop_does_not_wait_for_a_model_that_is_being_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr(worker_module, "NOTICE_SECONDS", 3600)
    may_end = threading.Event()

    def slowly(_identity):
        may_end.wait()
        raise ModelError("a model that does not load")

    monkeypatch.setattr(loading, "load_identified", slowly)
    worker = Worker(
        tmp_path / "results", ServerSettings(_env_file=None), JobEventLogs(), ServerMetrics()
    )
    worker.start()
    worker.stop(0)
    assert not worker.ready
    may_end.set()
    worker._pictures["local"].join(120)
    assert worker.ready and worker.loaded is None


@pytest.mark.parametrize(
    "message", [MESSAGES[0], *(pytest.param(text, marks=pytest.mark.slow) for text in MESSAGES[1:])]
)
def test_out_of_memory_fails_only_the_picture_that_is_too_large(ask, monkeypatch, message):
    from diffusers import UNet2DConditionModel

    rows, whole, picture = [], UNet2DConditionModel.forward, StockCall.picture

    @functools.wraps(whole)
    def scarce(self, sample, *rest, **more):
        rows.append(len(sample))
        if len(sample) > 2:
            raise RuntimeError(message)
        return whole(self, sample, *rest, **more)

    def one_too_large(call):
        if call.cell.params.prompt == "too large":
            raise RuntimeError(message)
        return picture(call)

    monkeypatch.setattr(UNet2DConditionModel, "forward", scarce)
    monkeypatch.setattr(StockCall, "picture", one_too_large)
    ended = ask("a red circle", "a blue circle", "too large", "a green circle")
    assert [job.status for job in ended] == ["completed", "completed", "failed", "completed"]
    assert message[:20] in ended[2].error and ended[2].result["images"] == []
    assert max(rows) > 2 and rows[-1] <= 2, "together first, then halves"
