"""The log of a job's events, and the status that is made from it."""

from __future__ import annotations

from PIL import Image

from dwlab.events import Step
from dwlab.runs.preview_rate import PreviewRate
from dwlab.server.app import make_app
from dwlab.server.events import job_events
from dwlab.server.jobs.job_queue import JobQueue
from dwlab.server.settings import ServerSettings
from dwlab.spec.params import GenerationParams
from dwlab.store.store import Store

PARAMS = GenerationParams("a red star", steps=4)


def preview():
    return Image.new("RGB", (8, 8))


def test_only_the_newest_preview_of_each_picture_is_kept_and_none_after_the_end():
    seconds = 0.0
    log = job_events.JobEventLog(PreviewRate(lambda: seconds))
    for step in range(1, 5):
        seconds += 60.0
        for index in (0, 1):
            log.add_step(Step(index, PARAMS, step, 4, preview), 2)
    kept = log.after(0)
    assert [
        (event.data["index"], event.data["step"]) for event in kept if "preview" in event.data
    ] == [
        (0, 4),
        (1, 4),
    ]
    log.end()
    ended = log.after(0)
    assert [(event.data["index"], event.data["step"]) for event in ended] == [
        (k, step) for step in range(1, 5) for k in (0, 1)
    ]
    assert not any("preview" in event.data for event in ended) and log.over
    assert any("preview" in event.data for event in kept), "a reader meanwhile has what was there"


def test_the_status_of_a_running_job_has_its_finished_pictures(tmp_path):
    server = make_app(ServerSettings(_env_file=None, results=tmp_path)).state.server
    with Store(tmp_path) as store:
        jobs = JobQueue(store.file)
        jobs.submit({"params": [PARAMS.as_dict()] * 3})
        (job,) = jobs.claim("elsewhere/1/1")
    log = server.event_logs.start(job.id)
    for index in (2, 0):
        log.add("done", {"index": index, "image_url": f"/images/{index}"})
    status = server.status(job)
    assert (status.status, status.images, status.image_url) == (
        "running",
        ["/images/0", "/images/2"],
        "/images/0",
    )
