"""The viewer of a sweep in a notebook."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from ..paths import project_results

if TYPE_CHECKING:
    from pathlib import Path

    from ..widgets.viewer import ViewerWidget


def view(name: str, *, results: str | Path | None = None) -> ViewerWidget:
    """The viewer of an experiment, as `viewer.html` shows it: lay out, filter, compare, give stars.

    name: the experiment. results: the results folder, seen from the project, if not the usual one.
    *Open in the prompt bench* acts on the bench that this kernel opened last. Raises InvalidInput
    for an experiment that never ran here.
    """
    from ..runs.results import Results
    from ..widgets.viewer import ViewerWidget
    from .explore import open_explorer

    root = project_results(results)
    # tells at once that there is no such experiment
    Results(root).table(name)
    viewer = ViewerWidget(root, functools.partial(open_explorer, root))
    viewer.show(name)
    return viewer
