"""What a sweep's file asks of the machine before anything is drawn is bounded, and done once."""

from __future__ import annotations

import json
import resource
import subprocess
import sys

import pytest

from dwlab.bench.spec import BenchSpec
from dwlab.errors import InvalidInput
from dwlab.spec import cells as cells_module
from dwlab.spec.sweep import SweepSpec

MANY_RULES = [{"seed": k, "steps": {"above": 90}, "guidance": {"below": 0.5}} for k in range(2480)]
MIB = 1 << 20


def spec(**parts):
    return SweepSpec(**{"name": "s", "base": {"prompt": "a circle"}, **parts})


def test_thousands_of_rules_on_ten_thousand_combinations_are_no_work():
    axes = {"seed": {"range": [100]}, "steps": {"range": [1, 101]}}
    swept = spec(axes=axes, skip=[*MANY_RULES, {"steps": {"not": 5}}])
    assert swept.combinations() == 10_000 and len(swept.cells()) == swept.count() == 100
    assert len(swept.idle_rules()) == 2480


def test_more_rules_than_can_be_tried_on_the_values_are_refused():
    rules = [{"seed": {"above": 10**6 + k}} for k in range(20)]
    with pytest.raises(
        InvalidInput,
        match=r"skip is 'a list of 20 rules'.* at most 10,000,000 times in all .these: 20,000,000 times",
    ):
        spec(axes={"seed": {"range": [10**6]}}, skip=rules).count()


def test_a_benchmark_s_rules_are_bounded_too():
    axes = {"steps": {"range": [1, 1001]}, "seed": {"range": [1000]}, "batch": [1, 2]}
    bench = BenchSpec("b", axes=axes, skip=[{"steps": {"above": 0}}])
    with pytest.raises(InvalidInput, match="2,000,000 combinations"):
        bench.configurations(["cpu"])


def test_a_rule_s_conditions_meet_on_base_values_axes_and_zipped_axes():
    swept = spec(
        base={"prompt": "x", "guidance": 3, "call": {"eta": [1]}},
        axes={"seed": [0, 1, 2], "steps": [5, 6, 7], "width": [64, 128]},
        zip=[["seed", "steps"]],
        skip=[
            {"guidance": 3.0, "seed": 0, "width": 64},
            {"guidance": 4, "seed": 2},
            {"steps": 6, "call.eta": [[1]]},
            {"height": 64},
        ],
    )
    assert [(c.params.seed, c.params.width) for c in swept.cells()] == [(0, 128), (2, 64), (2, 128)]
    assert swept.idle_rules() == ["{'guidance': 4, 'seed': 2}", "{'height': 64}"]


@pytest.mark.parametrize(
    ("prompt", "value"),
    [
        ("{a}" * 5000, "x" * 20_000),
        ("{a}" * 20_000, "x"),
        ("{a}" * 20_000, ""),
        ("{a}{{" * 1000, "x" * 20),
    ],
)
@pytest.mark.parametrize("name", ["prompt", "negative_prompt"])
def test_a_prompt_that_would_be_too_long_is_not_even_put_together(prompt, value, name):
    base = {"prompt": "x", name: prompt}
    with pytest.raises(InvalidInput, match="at most 20,000 characters") as caught:
        spec(base=base, axes={"a": [value]}).cells()
    assert len(str(caught.value)) < 400


def test_a_prompt_that_fills_up_to_the_limit_is_taken():
    (cell,) = spec(base={"prompt": "{a}{{}}" * 100}, axes={"a": ["x" * 198]}).cells()
    assert len(cell.params.prompt) == 20_000 and cell.params.prompt.startswith("x" * 198 + "{}x")


def test_a_sweep_has_a_bounded_number_of_axes():
    axes = {f"call.a{k}": [1] for k in range(101)}
    with pytest.raises(InvalidInput, match="101 axes"):
        spec(axes=axes)


def test_cells_are_made_once_however_often_they_are_asked_for(monkeypatch):
    made = []
    own = cells_module.GenerationParams
    monkeypatch.setattr(
        cells_module, "GenerationParams", lambda **values: made.append(1) or own(**values)
    )
    swept = spec(axes={"scheduler": ["Euler", "Heun"], "seed": {"random": 2}})
    first = swept.cells()
    assert swept.cells(limit=100) == first and first is not swept.cells()
    once = len(made)
    swept.cells()
    assert len(made) == once
    assert [c.params.seed for c in swept.cells([7, 8])] == [7, 8, 7, 8], "other seeds, other cells"


def limit_memory():
    resource.setrlimit(resource.RLIMIT_DATA, (2048 * MIB, 2048 * MIB))


@pytest.mark.parametrize(
    "parts",
    [
        {"base": {"prompt": "{a}" * 20_000}, "axes": {"a": ["x" * 100_000]}},
        {
            "base": {"prompt": "a"},
            "axes": {"seed": {"range": [100]}, "steps": {"range": [1, 101]}},
            "skip": MANY_RULES,
        },
        {"base": {"prompt": "a"}, "axes": {"steps": {"range": [0, 1e308, 1e-300]}}},
    ],
)
def test_a_dry_run_of_the_same_file_takes_bounded_memory(parts, tmp_path):
    (tmp_path / "hostile.yaml").write_text(json.dumps(parts), "utf-8")
    code = "import resource, sys; from dwlab.cli import main; sys.argv[0] = 'dwlab'; main()"
    ended = subprocess.run(
        [sys.executable, "-c", code, "sweep", "hostile.yaml", "--dry-run", "--results", "r"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120, preexec_fn=limit_memory,
    )  # fmt: skip
    assert ended.returncode in (0, 2) and "Traceback" not in ended.stderr, ended.stderr
    assert len(ended.stderr) < 1000 and len(ended.stdout) < 5000
