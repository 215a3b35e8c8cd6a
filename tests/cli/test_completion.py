"""Completion, in real shells."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from dwlab.cli.app import app
from dwlab.cli.completion import experiment_names, model_names
from dwlab.store.store import Store

# what bash does as Tab is pressed after the words
SCRIPT = """
source <(dwlab --show-completion bash)
complete_words() {
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
    _dwlab_completion dwlab
    echo "${COMPREPLY[*]}"
}
complete_words dwlab sw
complete_words dwlab table qu
complete_words dwlab generate x --model sd15-in
complete -p dwlab
"""


@pytest.fixture
def results(tmp_path):
    with Store(tmp_path) as store:
        for name in ("quickstart", "quality", "other"):
            store.experiments.enter(name, {"name": name})
    return tmp_path


def run_in(shell, results):
    """What a shell prints in which `dwlab` is found. shell: its command line."""
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        shell,
        env={**os.environ, "PATH": programs, "DWLAB_RESULTS": str(results)},
        capture_output=True,
        text=True,
        check=True,
    )


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
def test_bash_completes_commands_experiments_models_and_files(results):
    run = run_in(["bash", "--norc", "-c", SCRIPT], results)
    lines = run.stdout.splitlines()
    assert lines[:3] == ["sweep", "quickstart quality", "sd15-inpainting"]
    # where dwlab has no words, bash completes files
    assert "-o default" in lines[3]


@pytest.mark.parametrize("folder", ["none", "a\0b"])
def test_nothing_is_completed_in_a_folder_without_results(folder):
    context = typer.main.get_command(app).make_context("dwlab", [], resilient_parsing=True)
    context.params["results"] = folder
    assert experiment_names(context, "") == []


def test_models_are_completed():
    assert model_names("shap") == ["shapes"]


FISH = """
dwlab --show-completion | source
complete --do-complete 'dwlab sw'
complete --do-complete 'dwlab table qu'
"""
ZSH = """
eval "$(dwlab --show-completion | sed -n '/()/,/^}/p')"
_arguments() { echo $@ }
for words in 'dwlab sw' 'dwlab table qu'; do
    words=(${=words}) CURRENT=${#words}
    _dwlab_completion
done
"""


@pytest.mark.slow
@pytest.mark.parametrize(("shell", "script"), [("fish", FISH), ("zsh", ZSH)])
def test_fish_and_zsh_complete_commands_and_experiments(results, shell, script):
    if not shutil.which(shell):
        pytest.skip(f"needs {shell}")
    run = run_in([shell, "--no-config" if shell == "fish" else "-f", "-c", script], results)
    for word in ("sweep", "quickstart", "quality"):
        assert word in run.stdout
