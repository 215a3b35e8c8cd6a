"""The sweep panel without a page."""

from __future__ import annotations

import html
import re
import time

from widgets.sweep.form_use import field

from dwlab.runs.sweep import Sweep
from dwlab.widgets.sweep.panel import SweepPanel
from dwlab.workflows.sweep import execute


def panel(root, compute=execute):
    """The panel with a small sweep, planned and ready to run."""
    sweep = Sweep(
        "trial",
        base={"prompt": "a red ring", "width": 64, "height": 64, "steps": 1},
        axes={"seed": [0, 1]},
    )
    made = SweepPanel({"trial": lambda: sweep}, compute, root=root)
    until(lambda: "to do" in made.plan_line.value)
    return made


def until(condition):
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def run(made):
    """Press Run and wait for all that follows, views included; returns the panel's status."""
    made.start()
    worker = made._worker
    if worker:
        worker.join()
    return html.unescape(re.sub("<[^>]*>", "", made.status.value))


def edited(root, sweep):
    """The panel of a sweep with its prompt, steps and placeholder edited, and the edits saved."""
    made = SweepPanel(
        {"other": lambda: sweep.override({"name": "other"}), "trial": lambda: sweep},
        execute,
        root=root,
    )
    made.pick.value = "trial"
    made.form.prompt.value = "a {colour} ring"
    field(made.form, "colour").value = "[red, blue]"
    field(made.form, "steps").value = "[1, 2]"
    until(lambda: "4 cells" in made.plan_line.value)
    return made
