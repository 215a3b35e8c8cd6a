"""Notebooks run by papermill."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._util.atomic import replacing
from ..errors import DwlabError, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


_QUIET = [
    "--IPKernelApp.log_level=40"
]  # a kernel on this machine warns that its loopback is not encrypted


def notebook_path(name: str) -> Path:
    """A notebook of dwlab's: inside the installed package, or in the project's notebooks folder."""
    inside = Path(__file__).parents[1] / "notebooks" / f"{name}.ipynb"
    return inside if inside.exists() else Path(__file__).parents[2] / "notebooks" / f"{name}.ipynb"


def run_notebook(name: str, output: Path, parameters: Mapping[str, Any]) -> Path:
    """Run a notebook with parameters and put the executed copy at `output`, whole or not at all.

    Raises DwlabError naming the cell that failed; the notebook so far is then kept as `output`.
    """
    import papermill
    from jupyter_client.kernelspec import NoSuchKernel
    from nbclient.exceptions import DeadKernelError

    failed = None
    output.parent.mkdir(parents=True, exist_ok=True)  # the kernel starts there
    with replacing(output) as temporary:
        # papermill fills {names} in its paths in; a folder's own braces are doubled, to stay
        paths = [
            str(path).replace("{", "{{").replace("}", "}}")
            for path in (notebook_path(name), temporary)
        ]
        try:
            papermill.execute_notebook(
                *paths,
                dict(parameters),
                progress_bar=False,
                log_output=False,
                cwd=output.parent,
                extra_arguments=_QUIET,
            )
        except papermill.PapermillExecutionError as error:
            failed = DwlabError(
                f"the notebook {name} failed at cell {error.exec_count}: {error.ename}: {error.evalue}"
            )
        except DeadKernelError as error:
            failed = DwlabError(
                f"the notebook {name} failed: its kernel died ({error}); was it out of memory?"
            )
        except NoSuchKernel as error:
            raise DwlabError(
                f"the notebook {name} cannot run: {error}; install it with: pip install ipykernel"
            ) from error
    if failed:
        raise failed
    return output


def injected(known: Sequence[str]) -> bool:
    """Whether papermill set parameters: it does so in a cell of its own, which begins with a comment.

    Raises InvalidInput for one that is not `known`, as the notebook does not have it: papermill itself only warns, and after a slip
    of the pen the whole sweep would run.
    """
    from IPython import get_ipython

    shell = get_ipython()
    cells = [
        source
        for source in (shell.user_ns.get("In") or () if shell else ())
        if source.startswith("# Parameters\n")
    ]
    assigned = [
        target
        for source in cells
        for node in ast.parse(source).body
        for target in getattr(node, "targets", ())
    ]
    for name in [target.id for target in assigned if isinstance(target, ast.Name)]:
        if name not in known and not name.startswith("PAPERMILL_"):
            raise InvalidInput("a parameter", name, ", ".join(known))
    return bool(cells)
