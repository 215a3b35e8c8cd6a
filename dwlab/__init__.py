"""dwlab: a Jupyter-centric lab bench for diffusion models."""

from __future__ import annotations

import importlib
from typing import Any

from ._util import replaced_packages

__version__ = "0.1.0"

# public name -> module; loaded on first use, so that `import dwlab` stays light
_PUBLIC = {
    "DwlabError": "errors",
    "GenerationParams": "spec.params",
    "InvalidInput": "errors",
    "Picture": "pictures.picture",
    "Range": "spec.own_code.parameters",
    "Results": "workflows.results",
    "Sweep": "runs.sweep",
    "explore": "notebook.explore",
    "generate": "runs.generation",
    "load": "models.loading",
    "method": "spec.own_code.live",
    "metric": "metrics.decorator",
    "rate": "notebook.rate",
    "record": "render.recording",
    "rerun": "workflows.certificate.rerunning",
    "search": "notebook.searches",
    "stream": "runs.generation",
    "view": "notebook.view",
}
__all__ = ["__version__", *_PUBLIC]  # noqa: PLE0604  # strings all the same

# panels load models and count tokens in threads of their own
replaced_packages.make_importable_in_threads()


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(importlib.import_module(f"dwlab.{_PUBLIC[name]}"), name)
    raise AttributeError(f"module 'dwlab' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
