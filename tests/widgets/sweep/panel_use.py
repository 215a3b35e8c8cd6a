"""The sweep panel without a page."""

from __future__ import annotations

import time

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
    until(lambda: made.page.plan.get("state") == "ready")
    return made


def until(condition):
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def edit(made, name, *parts):
    """Type into the fields of a row, as a page does."""
    row = made.form.rows()[name]
    rows = [{**row.as_dict(), "parts": list(parts)}]
    tell(made, "edit", form={"name": made.form.name, "rows": rows}, edit=["page", 1])


def tell(made, action, **arguments):
    """Send what a page sends."""
    made._receive({"do": action, **arguments})


def facts(made):
    """The facts of the plan by their labels."""
    return dict(made.page.plan.get("facts", []))


def run(made):
    """Press Run and wait for all that follows, views included; returns what the page says."""
    made.start()
    worker = made.runner.worker
    if worker:
        worker.join()
    return made.page.run["text"]
