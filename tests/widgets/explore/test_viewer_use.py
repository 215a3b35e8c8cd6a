"""A picture of the viewer opened in the prompt bench, or started from there."""

from __future__ import annotations

from widgets.explore.bench_use import ask, wait

from dwlab.notebook.explore import open_explorer
from dwlab.widgets.viewer import ViewerWidget


def test_the_viewer_acts_on_the_bench_of_its_kernel(bench):
    ask(bench, "run")
    wait(bench)
    bench.controls = {**bench.controls, "prompt": "a ring", "steps": 3}
    viewer = ViewerWidget(bench.root, lambda: open_explorer(bench.root))
    viewer.show("explore")
    answers = []
    viewer.send = lambda content, buffers=(): answers.append(content["text"])
    for how in ("open", "start"):
        viewer._receive(
            {"ask": "use", "request": "1", "how": how, "key": viewer.document["keys"][0]}
        )
    bench.start_picture.wait()
    assert answers == [
        "The recipe is in the prompt bench.",
        "The prompt bench starts from this picture.",
    ]
    assert (bench.controls["prompt"], bench.controls["steps"]) == ("a star", 2)
    assert bench.start_picture.is_used
