"""Notebooks run by papermill."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from .._util.atomic import replacing
from .._util.shipped import shipped
from ..errors import DwlabError, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


# errors only: a kernel warns that its connection, within this machine, is not encrypted
_QUIET = ["--IPKernelApp.log_level=40"]

# the comment that papermill writes above the parameters that it sets
_INJECTED = "# Parameters\n"


def notebook_path(name: str) -> Path:
    """A notebook of dwlab's: inside the installed package, or in the project's notebooks folder."""
    return shipped("notebooks", f"{name}.ipynb")


def run_notebook(name: str, output: Path, parameters: Mapping[str, Any]) -> Path:
    """Run a notebook with parameters and write the executed copy to `output`, whole or not at all.

    Raises DwlabError, which names the cell that failed; the notebook so far is kept as `output`.
    """
    import papermill
    from jupyter_client.kernelspec import NoSuchKernel
    from nbclient.exceptions import DeadKernelError

    failed = None
    # the kernel starts there
    output.parent.mkdir(parents=True, exist_ok=True)
    with replacing(output) as temporary:
        try:
            papermill.execute_notebook(
                _literal(notebook_path(name)),
                _literal(temporary),
                dict(parameters),
                progress_bar=False,
                log_output=False,
                cwd=output.parent,
                extra_arguments=_QUIET,
            )
        except papermill.PapermillExecutionError as error:
            cause = f"{error.ename}: {error.evalue}"
            failed = DwlabError(f"the notebook {name} failed at cell {error.exec_count}: {cause}")
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


def _literal(path: Path) -> str:
    """A path in which papermill fills nothing in: the braces of a folder's name are doubled."""
    return str(path).replace("{", "{{").replace("}", "}}")


def injected(known: Sequence[str]) -> bool:
    """Whether papermill set parameters, which it does in a cell of its own.

    Raises InvalidInput for a parameter that is not `known`: papermill itself only warns, and after
    a typo the whole sweep would run.
    """
    from IPython import get_ipython

    shell = get_ipython()
    cells = shell.user_ns.get("In", ()) if shell else ()
    sources = [source for source in cells if source.startswith(_INJECTED)]
    for source in sources:
        for name in _assigned_names(source):
            if name not in known and not name.startswith("PAPERMILL_"):
                raise InvalidInput("a parameter", name, ", ".join(known))
    return bool(sources)


def _assigned_names(source: str) -> list[str]:
    """The names that a cell assigns at its top level."""
    names = []
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Assign):
            names += [target.id for target in statement.targets if isinstance(target, ast.Name)]
    return names
