"""What `dwlab` says without a command: five things to do first."""

from __future__ import annotations

from .. import __version__

# a command, and what it does
STEPS = (
    ("dwlab doctor", "what this machine can do, and what is missing"),
    ('dwlab generate "a large red circle"', "a picture; the embedded model needs no download"),
    ("dwlab init my-bench", "a folder with experiments and notebooks; go there: cd my-bench"),
    ("dwlab new", "an experiment of your own, from four questions"),
    ("dwlab sweep experiments/quickstart.yaml", "72 pictures, their table and report"),
)


def first_steps() -> str:
    """The five things to do first, each with its command."""
    width = max(len(command) for command, _ in STEPS)
    lines = [f"  {command:<{width}}  {text}" for command, text in STEPS]
    return "\n".join(
        [
            f"dwlab {__version__}: a lab bench for diffusion models",
            "",
            "Five things to do first:",
            *lines,
            "",
            "dwlab --help lists all commands, and dwlab COMMAND --help has examples of each.",
        ]
    )
