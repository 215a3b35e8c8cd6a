"""Measurements that are not to be believed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from bench.made_up import configuration

from dwlab.bench import measuring, worker
from dwlab.bench.tasks import MeasureTask, ReferenceTask

TASK = MeasureTask(warmup=0, iterations=1, seconds=0.0, first=True)


@pytest.mark.parametrize(("value", "status"), [(np.nan, "nan"), (0.0, "black"), (0.5, "ok")])
def test_pictures_that_are_black_or_not_numbers_are_a_status(value, status):
    assert measuring.picture_status(np.full((1, 64, 64, 3), value), configuration()) == status


def test_a_reference_that_differs_makes_a_row_invalid(tmp_path):
    """The gate: a reference of another prompt's picture is what a wrong picture looks like."""
    right, wrong = tmp_path / "right.safetensors", tmp_path / "wrong.safetensors"
    for path, prompt in ((right, "a red star"), (wrong, "a blue circle")):
        worker.attempt(
            configuration(prompt=prompt),
            ReferenceTask(parity="picture", reference=str(path)),
        )
    good = worker.attempt(configuration(), replace(TASK, reference=str(right)))
    bad = worker.attempt(configuration(), replace(TASK, reference=str(wrong)))
    assert (good["status"], bad["status"]) == ("ok", "invalid") and not bad["parity"]["ok"]


def test_a_model_that_remembers_its_pictures_is_suspect():
    """Repeated calls that are answered from memory take no time, fresh calls do."""
    same = np.zeros((1, 2, 2, 3))
    honest = measuring.self_checks(lambda _: 1.0, same, same)
    remembering = measuring.self_checks(lambda k: 1.0 if k else 0.1, same, same)
    lucky = measuring.self_checks(_script([0.5, 1.0, 1.0, 1.0, 0.5, 1.0]), same, same)
    assert (honest["ok"], remembering["ok"], lucky["ok"]) == (True, False, True)
    assert not measuring.self_checks(lambda _: 1.0, same, same + 0.1)["ok"]


def _script(seconds):
    left = iter(seconds)
    return lambda _: next(left)
