"""The log of a job's events: what is kept of it, and what its status takes from it."""

from __future__ import annotations

from PIL import Image

from dwlab.events import Step
from dwlab.server.app import make_app
from dwlab.server.events import event_log as feed
from dwlab.server.jobs.job_queue import Jobs
from dwlab.server.settings import Settings
from dwlab.spec.params import GenerationParams
from dwlab.store.store import Store

PARAMS = GenerationParams("a red star", steps=4)


def preview():
    return Image.new("RGB", (8, 8))


def test_only_the_newest_rough_picture_of_each_is_kept_and_none_in_the_end(monkeypatch):
    monkeypatch.setattr(feed, "PREVIEW_SECONDS", 0.0)
    log = feed.Log()
    for step in range(1, 5):
        for index in (0, 1):
            log.step_of(index, Step(index, PARAMS, step, 4, preview), 2)
    kept = log.after(0)
    assert [(data["index"], data["step"]) for _, data in kept if "preview" in data] == [
        (0, 4),
        (1, 4),
    ]
    log.end()
    ended = log.after(0)
    assert [(data["index"], data["step"]) for _, data in ended] == [
        (k, step) for step in range(1, 5) for k in (0, 1)
    ]
    assert not any("preview" in data for _, data in ended) and log.over
    assert any("preview" in data for _, data in kept), "who reads meanwhile has what was there"


def test_the_status_of_a_running_job_has_its_finished_pictures(tmp_path):
    server = make_app(Settings(_env_file=None, results=tmp_path)).state.server
    with Store(tmp_path) as store:
        jobs = Jobs(store.file)
        jobs.submit({"params": [PARAMS.as_dict()] * 3})
        (job,) = jobs.claim("elsewhere/1/1")
    log = server.feed.begin(job.id, 12)
    for index in (2, 0):
        log.add("done", {"index": index, "image_url": f"/images/{index}"})
    status = server.status(job)
    assert (status.status, status.images, status.image_url) == (
        "running",
        ["/images/0", "/images/2"],
        "/images/0",
    )
