"""What a plan, a row and a report say of prompts: what is taken literally, and what the model does not read."""

from __future__ import annotations

import pytest

from dwlab.analysis.findings import findings_of
from dwlab.errors import InvalidInput
from dwlab.runs.results import Results
from dwlab.runs.run import run
from dwlab.runs.sweep import Sweep
from dwlab.spec.compute import Compute
from dwlab.store.store import Store

SMALL = {"steps": 1, "width": 64, "height": 64}
# 80 tokens, of which `shapes` reads 75
LONG = "a red star, " * 20 + "the end of it"


def planned(root, **parts):
    return Sweep("trial", **parts).plan(root, device="cpu")


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("a (red:1.2) star", "(red:1.2) is taken literally; prompt_weighting: compel gives it a weight"),
        ("a ((red)) star", "((red)) is taken literally; prompt_weighting: compel gives it a weight"),
        ("<lora:style:0.8> a star", "<lora:style:0.8> is taken literally; a prompt loads no LoRA"),
        ("a __colour__ star", "__colour__ is taken literally; write a name in braces"),
        ("a {red|blue} star", "{red|blue} is taken literally; write axes: {prompt: {variants:"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["prompt", "negative_prompt"])
def test_the_plan_says_what_a_prompt_has_that_is_taken_literally(tmp_path, name, text, warning):
    base = {"prompt": "a star", **SMALL, name: text}
    (said,) = planned(tmp_path, base=base).warnings
    assert said.startswith(f"{name}: {warning}")


def test_texts_with_the_same_syntax_are_one_warning(tmp_path):
    axes = {"prompt": ["a (red:1.2) star", "a (big:1.3) star", "a star"], "seed": [1, 2]}
    (said,) = planned(tmp_path, base=SMALL, axes=axes).warnings
    assert said.startswith("prompt: (red:1.2) is taken literally (2 texts have such); ")


def test_nothing_is_said_of_weights_that_count(tmp_path):
    base = {"prompt": "a (red:1.2) star", "prompt_weighting": "compel", **SMALL}
    assert planned(tmp_path, base=base).warnings == ()


def test_the_plan_says_what_the_model_does_not_read_and_how_it_would(tmp_path):
    axes = {"prompt": ["a star", LONG, f"{LONG} too"]}
    (said,) = planned(tmp_path, base=SMALL, axes=axes).warnings
    assert said.startswith(
        "prompt: model 'shapes' reads 75 tokens and not the end of 2 texts, like"
    )
    assert said.endswith("; long_prompt: chunk reads more")
    assert planned(tmp_path, base={**SMALL, "long_prompt": "chunk"}, axes=axes).warnings == ()


def test_a_long_prompt_is_refused_before_the_run_if_that_is_asked_for(tmp_path):
    base = {"prompt": LONG, "long_prompt": "error", **SMALL}
    with pytest.raises(InvalidInput, match=r"prompt is .*at most 75 tokens .*long_prompt: chunk"):
        planned(tmp_path, base=base)
    kept = Sweep("trial", base={**base, "prompt": "a star"})
    plain = Sweep("trial", base={"prompt": "a star", **SMALL})
    kept.run(tmp_path, device="cpu")
    assert plain.plan(tmp_path, device="cpu").todo == 0, "it is the same picture"


def test_row_and_report_say_what_was_cut(tmp_path):
    axes = {"prompt": ["a star", LONG]}
    base = {**SMALL, "negative_prompt": LONG}
    spec = Sweep("trial", base=base, axes=axes)
    outcome = run(spec, results=tmp_path, compute=Compute(device="cpu"))
    (note,) = outcome.notes
    assert note.startswith("2 pictures of prompts that the model did not read to the end, like ")
    table = Results(tmp_path).table("trial")
    short, long = table["cut"]
    assert short.startswith("negative_prompt: the last ")
    assert long.startswith("prompt: the last ") and "; negative_prompt: the last " in long
    assert "the end of it" in long
    (finding,) = [text for text in findings_of(table) if "column cut" in text]
    assert finding.startswith("2 pictures of prompts that the model did not read to the end")


def test_a_table_of_prompts_that_fit_has_no_such_column(tmp_path):
    Sweep("trial", base={"prompt": "a star", **SMALL}).run(tmp_path, device="cpu")
    table = Results(tmp_path).table("trial")
    assert "cut" not in table and "prompt_weighting" not in table
    with Store(tmp_path) as store:
        assert store.cells.rows("trial")


def test_a_sweep_of_weights_is_reproducible_from_its_row(tmp_path):
    base = {"prompt": "a (red:1.6) star", **SMALL, "steps": 3}
    axes = {"prompt_weighting": ["literal", "compel"], "long_prompt": ["truncate", "chunk"]}
    Sweep("trial", base=base, axes=axes).run(tmp_path, device="cpu")
    table = Results(tmp_path).table("trial")
    assert list(table["prompt_weighting"]) == ["literal", "literal", "compel", "compel"]
    assert table["key"].nunique() == 4
    assert table["pixels"].nunique() == 2, "the prompt is short, and one window is one window"
