"""ControlNets: with scales, parts of the steps and several nets, a picture is that of the plain stock call."""

from __future__ import annotations

import pytest
from controlled import KINDS
from counting import Rows
from start_pictures import difference

from dwlab.spec import control_kinds


def _kinds_and_tasks():
    for name, kind in KINDS.items():
        table = next(each for each in control_kinds.KINDS if each.net == kind.net_class)
        for task in table.pipelines:
            if task == "text" or name in ("sd", "flux"):
                yield name, task
            elif name != "flux union":
                # as with Stable Diffusion and FLUX.1
                yield pytest.param(name, task, marks=pytest.mark.slow)


@pytest.mark.parametrize(("name", "task"), list(_kinds_and_tasks()))
def test_alone_and_packed_a_picture_is_that_of_the_plain_stock_call(controlled, name, task):
    one = controlled(name)
    cells = one.cells(task)
    expected = [one.stock(params) for params in cells]
    one.check_alone(cells, expected)
    one.check_packed(cells, expected, rows_at_once=2)
    assert len({picture.tobytes() for picture in expected}) == len(cells)


def test_the_first_step_of_cells_that_differ_in_guidance_alone_is_computed_once(controlled):
    one = controlled("sd")
    cells = [one.cells("text")[1].replace(guidance=guidance) for guidance in (3.0, 5.0, 8.0)]
    with Rows(one.model.pipeline.unet) as rows:
        pictures = one.made(cells)
    first, later = 2, 3 * 3 * 2
    assert sum(rows) == first + later
    for picture, params in zip(pictures, cells, strict=True):
        assert difference(picture.image, one.stock(params)) <= 1


def test_every_kind_of_the_table_is_tried():
    assert {kind.net for kind in control_kinds.KINDS} == {kind.net_class for kind in KINDS.values()}
