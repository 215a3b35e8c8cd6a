"""The answers of docs/questions.md, and the pages of own code: every block runs, on tiny models.

In order and in one project, as a reader would type them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import tiny
import tiny_clips
import tiny_loras
import yaml
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from single_files import make

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
QUICKSTART = "experiments/quickstart.yaml"
CHECKPOINT = "~/models/dreamshaper_8.safetensors"
FOREIGN = "a red fox\nSteps: 2, Sampler: Euler, CFG scale: 3, Seed: 7, Size: 64x64"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@dataclass(frozen=True)
class Block:
    """A block of a page. file: the name that the text before it gives it, if it gives one."""

    language: str
    text: str
    file: str | None


def blocks(page):
    """The blocks of shell, Python and YAML of a page, in order."""
    text = (DOCS / page).read_text("utf-8")
    pattern = re.compile(r"([^\n]*)\n\n```(sh|python|yaml)\n(.*?)```", re.DOTALL)
    found = []
    for before, language, code in pattern.findall(text):
        named = re.search(r"\(`([\w./-]+)`\):$", before)
        found.append(Block(language, code, named.group(1) if named else None))
    return found


def test_blocks_and_the_files_that_they_are_for_are_found():
    found = blocks("questions.md")
    assert len(found) > 12
    assert {block.file for block in found if block.language == "yaml"} == {
        "experiments/ink.yaml",
        "experiments/interval.yaml",
    }


def adapted(text):
    """The text for tiny models, whose widths no published model has, and for one CPU."""
    text = text.replace(f"check {CHECKPOINT}", f"check {CHECKPOINT} --config ~/configs")
    text = text.replace(f"  --model {CHECKPOINT}", f"  --model {CHECKPOINT} --config ~/configs")
    text = text.replace(f"theirs.png --model {CHECKPOINT}", "theirs.png --model ~/models/folder")
    with_configs = f"model: {CHECKPOINT}\nbase:\n  config: ~/configs\n"
    text = text.replace(f"model: {CHECKPOINT}\nbase:\n", with_configs)
    # notebooks of sweeps are run by tests of their own
    text = text.replace(f"sweep {QUICKSTART}", f"sweep {QUICKSTART} --no-notebook")
    return text.replace("--where cuda:*", "--where cpu*2")


def small(quickstart):
    """The experiment with a third of its pictures; all values that the pages name stay."""
    experiment = yaml.safe_load(quickstart)
    experiment["axes"] |= {"colour": ["red"], "guidance": [1, 3]}
    return yaml.safe_dump(experiment, sort_keys=False)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with a checkpoint, a LoRA, a CLIP, and a project in it with a foreign picture."""
    home = tmp_path_factory.mktemp("home")
    for name in (
        "models",
        "loras",
        "single",
        "project/experiments/methods",
        "project/experiments/metrics",
    ):
        (home / name).mkdir(parents=True)
    checkpoint = make(home / "single")["sd15"]
    checkpoint.file.rename(home / "models" / "dreamshaper_8.safetensors")
    checkpoint.configs.rename(home / "configs")
    tiny.sd().save_pretrained(home / "models" / "folder")
    tiny_loras.write(home / "loras" / "ink.safetensors", tiny_loras.layers(tiny.sd()))
    tiny_clips.save(home / "models" / "clip-vit-large-patch14")
    quickstart = (ROOT / "experiments" / "quickstart.yaml").read_text("utf-8")
    (home / "project" / QUICKSTART).write_text(small(quickstart))
    recipe = PngInfo()
    recipe.add_text("parameters", FOREIGN)
    Image.new("RGB", (64, 64), "red").save(home / "project" / "theirs.png", pnginfo=recipe)
    return home


def run(command, home):
    bin_folder = Path(sys.executable).parent
    environment = os.environ | {
        "HOME": str(home),
        "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "MPLBACKEND": "agg",
    }
    environment.pop("DWLAB_RESULTS", None)
    done = subprocess.run(
        command,
        cwd=home / "project",
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command[-1]}\n{done.stdout}\n{done.stderr}"


def follow(block, home):
    text = adapted(block.text)
    if block.file:
        (home / "project" / block.file).write_text(text)
    elif block.language == "sh":
        run(["bash", "-euc", text], home)
    elif block.language == "python":
        run([sys.executable, "-c", text], home)


@pytest.mark.parametrize("page", ["own-metric.md", "own-notebook.md"])
def test_every_example_of_your_own_code_works_as_it_stands(home, page):
    run(["bash", "-euc", f"dwlab sweep {QUICKSTART} --no-notebook"], home)
    python = []
    for block in blocks(page):
        if block.language == "python" and not block.file:
            python.append(block.text)
        else:
            follow(block, home)
    run([sys.executable, "-c", "\n".join(python)], home)


def test_every_answer_works_as_it_stands(home):
    for block in blocks("questions.md"):
        follow(block, home)
