"""The project's files agree with each other."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import dwlab
from dwlab.workflows.project import EXPERIMENTS
from dwlab.workflows.project import NOTEBOOKS as PROJECT_NOTEBOOKS

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONDA_NAMES = {
    "huggingface-hub": "huggingface_hub",
    "jupyter-client": "jupyter_client",
    "matplotlib": "matplotlib-base",  # without Qt
    "torch": "pytorch",
}
# packages that are named otherwise than what they install, and that tests do without
DISTRIBUTIONS = {"stable_diffusion_cpp": ["stable-diffusion-cpp-python"]}
GUIDES = [
    page for page in sorted((ROOT / "docs").rglob("*.md")) if ".ipynb_checkpoints" not in page.parts
]
PAGES = [*sorted(ROOT.glob("*.md")), *GUIDES, ROOT / "results/README.md"]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def requirements(*extras: str) -> dict[str, SpecifierSet]:
    """Name -> range of the dependencies, and of those of the named extras and the extras of dwlab that these name."""
    lines = PROJECT["dependencies"] + [
        line for extra in extras for line in PROJECT["optional-dependencies"][extra]
    ]
    found = list(map(Requirement, lines))
    inner = {extra for one in found if one.name == "dwlab" for extra in one.extras}
    outer = {canonicalize_name(one.name): one.specifier for one in found if one.name != "dwlab"}
    return outer | (requirements(*inner) if inner else {})


def third_party(folder: str) -> set[str]:
    """Distributions that the Python files of a folder import."""
    known = {**DISTRIBUTIONS, **importlib.metadata.packages_distributions()}
    names = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.split(".")[0])
    own = {"dwlab"} | {path.stem for path in (ROOT / "tests").iterdir()}
    return {
        canonicalize_name(known.get(name, [name])[0])
        for name in names - own - sys.stdlib_module_names
    }


def test_what_the_code_imports_is_declared():
    assert (
        third_party("dwlab")
        - set(
            requirements(
                "cluster",
                "metrics",
                "serve",
                "models",
                "openvino",
                "peers",
                "quantised",
                "sdcpp",
                "search",
                "video",
            )
        )
        == set()
    )


def test_what_the_tests_import_is_declared():
    assert third_party("tests") - set(requirements("dev")) == set()


def test_conda_environment_has_the_same_ranges():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert environment["channels"] == ["conda-forge", "nodefaults"]
    wanted = {CONDA_NAMES.get(name, name): ranges for name, ranges in requirements().items()}
    wanted |= {"python": SpecifierSet(PROJECT["requires-python"])}
    lines = [
        line for line in environment["dependencies"] if isinstance(line, str) and line != "pip"
    ]
    assert {
        name: SpecifierSet(ranges) for name, _, ranges in (line.partition(" ") for line in lines)
    } == wanted
    assert environment["dependencies"][-1] == {"pip": ["-e ."]}


def test_constraints_pin_each_dependency_inside_its_range():
    lines = [
        line
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if not line.startswith("#")
    ]
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", line) for line in lines), (
        "exact versions, no hosts or paths"
    )
    assert lines == sorted(lines, key=lambda line: line.split("==")[0])
    pins = dict(line.split("==") for line in lines)
    assert len(pins) == len(lines)
    ranges = requirements("dev")
    assert set(ranges) - set(pins) == set()
    assert {name: pins[name] for name, allowed in ranges.items() if pins[name] not in allowed} == {}


def test_python_versions_agree():
    allowed = SpecifierSet(PROJECT["requires-python"])
    supported = {f"3.{minor}" for minor in range(30) if f"3.{minor}" in allowed}
    classified = {
        re.sub(r".* :: ", "", line)
        for line in PROJECT["classifiers"]
        if re.search(r":: 3\.\d+$", line)
    }
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    assert classified == supported
    assert {
        job["python"] for job in workflow["jobs"]["test"]["strategy"]["matrix"]["include"]
    } == supported


def test_changelog_begins_with_this_version():
    versions = re.findall(
        r"^## \[(?!Unreleased)([^]]+)]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )
    assert versions[0] == dwlab.__version__


def broken_links(page: Path) -> list[str]:
    """Relative targets of a Markdown page's links and pictures that are not there."""
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(), flags=re.DOTALL)
    targets = re.findall(r"]\(<?([^)\s>]+)", text) + re.findall(r"(?:src|href)=\"([^\"]+)\"", text)
    files = [target.split("#")[0] for target in targets if not re.match(r"[a-z]+:", target)]
    return [file for file in files if file and not (page.parent / file).exists()]


def test_there_is_a_readme():
    assert ROOT / "README.md" in PAGES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    assert broken_links(page) == []


def test_a_broken_link_would_be_seen(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "[a](page.md#top) [b](gone.md) ![c](gone.png) [d](https://example.org) `[e](code.md)`"
    )
    assert broken_links(page) == ["gone.md", "gone.png"]


def test_there_is_a_notebook():
    assert NOTEBOOKS


def test_every_notebook_and_the_experiments_of_a_new_project_are_shipped_in_the_package():
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"][
        "targets"
    ]["wheel"]
    files = [f"experiments/{name}" for name in EXPERIMENTS]
    files += [f"notebooks/{path.name}" for path in NOTEBOOKS]
    assert wheel["force-include"] == {name: f"dwlab/{name}" for name in files}
    assert {path.name for path in NOTEBOOKS} == set(PROJECT_NOTEBOOKS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebooks_are_stripped_and_take_parameters(path):
    cells = json.loads(path.read_text())["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert [cell["outputs"] for cell in code if cell["outputs"]] == []
    assert {cell["execution_count"] for cell in code} == {None}
    assert sum("parameters" in cell["metadata"].get("tags", []) for cell in code) == 1
