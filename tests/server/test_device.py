"""Requests go to the device that has their model, unless it does not come to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dwlab.server.jobs.turns import WaitingJob
from dwlab.server.worker.device import WAIT_SECONDS, Device, is_for


def device(*models):
    made = Device("worker", "cpu", render=None, is_joined=False, load=None)
    for model in models:
        made.note_model(model)
    return made


def job(model, *, age=0.0):
    created = datetime.now(UTC) - timedelta(seconds=age)
    return WaitingJob(1, "a", f"{model} auto 64x64", 0, "", 1.0, created.isoformat())


@pytest.mark.parametrize(
    ("own", "others", "age", "expected"),
    [
        (["sdxl"], [["sdxl"]], 0, True),
        (["sd15"], [["sdxl"]], 0, False),
        (["sd15"], [["sdxl"]], WAIT_SECONDS + 1, True),
        (["sd15"], [["flux"]], 0, True),
        ([], [], 0, True),
    ],
)
def test_a_request_goes_to_the_device_with_its_model(own, others, age, expected):
    free = device(*own)
    assert is_for(free, [device(*models) for models in others], job("sdxl", age=age)) is expected


def test_a_model_with_a_name_of_several_words_is_known():
    assert job("/models/my own model").model == "/models/my own model"


def test_a_device_remembers_the_models_that_it_used_latest_last():
    used = device("sd15", "sdxl", "sd15")
    assert used.models == ["sdxl", "sd15"] and used.model == "sd15"
