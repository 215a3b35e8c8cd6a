"""What a page asks the prompt bench: files, recipes and commands of pictures, and prompts."""

import shlex

import pytest
from PIL import Image
from typer.testing import CliRunner
from widgets.explore.bench_use import ask, wait

from dwlab.cli.app import app
from dwlab.pictures.png import read_recipe


def answers(bench, monkeypatch, **question):
    """What the bench sends to a page that asks."""
    sent = []
    monkeypatch.setattr(bench, "send", lambda content, buffers: sent.append((content, buffers[0])))
    bench._receive({"request": "1", **question}, [])
    return sent[0]


def made(bench, **controls):
    ask(bench, "run", controls=controls)
    wait(bench)
    return bench.stage[0]["key"]


def test_the_file_of_a_picture_is_that_of_the_store_byte_for_byte(bench, monkeypatch):
    key = made(bench)
    content, data = answers(bench, monkeypatch, ask="full", key=key)
    path = bench.root / bench.history["image"].iloc[0]
    assert data == path.read_bytes()
    assert (content["answer"], content["name"]) == ("1", path.name)


def test_a_question_about_no_picture_is_answered_in_words(bench, monkeypatch):
    for subject in ("full", "recipe"):
        content, data = answers(bench, monkeypatch, ask=subject, key="../../etc/passwd")
        assert (content["text"], data) == ("A picture of the history.", b"")
    content, _ = answers(bench, monkeypatch, ask="anything")
    assert content["field"] == "ask"


@pytest.mark.parametrize(
    "controls",
    [
        {"prompt": "-a 'star' $(x) \"y\"", "negative_prompt": "red\nblue", "seed": str(2**62 + 1)},
        pytest.param({"scheduler": "DPM++ 2M Karras", "guidance": 4.25}, marks=pytest.mark.slow),
        pytest.param(
            {"more": {"others": '{"loras": [{"file": "shapes-moon", "weight": 0.5}]}'}},
            marks=pytest.mark.slow,
        ),
        pytest.param(
            {"more": {"others": '{"prompt_weighting": "compel"}', "scheduler": "DDIM"}},
            marks=pytest.mark.slow,
        ),
        pytest.param({"more": {"call": '{"eta": 0.5}'}}, marks=pytest.mark.slow),
    ],
)
def test_the_command_makes_a_picture_of_the_same_key(bench, monkeypatch, controls):
    key = made(bench, **controls)
    content, _ = answers(bench, monkeypatch, ask="recipe", key=key)
    assert key_made_by(content["command"], bench.project) == key
    assert content["recipe"].startswith("dwlab.generate(")


def test_the_command_of_a_picture_with_a_start_picture_makes_the_same_key(
    bench, monkeypatch, tmp_path
):
    Image.linear_gradient("L").save(tmp_path / "start.png")
    bench.start_picture.use_path(tmp_path / "start.png")
    bench.start_picture.wait()
    key = made(bench, strength=0.5)
    content, _ = answers(bench, monkeypatch, ask="recipe", key=key)
    assert content["command"].startswith("dwlab generate --model=shapes --image=")
    assert key_made_by(content["command"], bench.project) == key


def key_made_by(command, folder):
    """The key in the picture that a command makes."""
    program, *words = shlex.split(command)
    if program == "python":
        exec(words[1])  # what Python itself would run
    else:
        result = CliRunner().invoke(app, words, catch_exceptions=False)
        assert result.exit_code == 0, result.output
    return read_recipe(folder / "out.png")["key"]


def test_earlier_prompts_are_told_newest_first_and_once_each(bench, monkeypatch):
    for number, prompt in enumerate(("a star", "a ring", "a star")):
        made(bench, prompt=prompt, seed=number, steps=1)
    content, _ = answers(bench, monkeypatch, ask="prompts")
    assert content["prompts"] == ["a star", "a ring"]


def test_snippets_and_styles_are_kept_and_forgotten(bench, monkeypatch):
    style = {"kind": "style", "name": "<b>", "text": "{prompt}, soft", "negative_prompt": "red"}
    content, _ = answers(bench, monkeypatch, ask="save_prompt", **style)
    assert "text" not in content
    assert bench.saved == [style]
    wrong = {**style, "text": "without the place"}
    content, _ = answers(bench, monkeypatch, ask="save_prompt", **wrong)
    assert content["field"] == "text" and "{prompt}" in content["text"]
    ask(bench, "remove_prompt", kind="style", name="<b>")
    assert bench.saved == []


def test_weights_are_offered_where_the_model_has_them(bench):
    assert bench.offer["weights"]
    ask(bench, "weigh")
    assert bench.params.prompt_weighting == "compel"
    assert bench.extras == [
        {"name": "others/prompt_weighting", "words": "weights in prompts, like (word:1.2)"}
    ]
    ask(bench, "leave_out", name="others/prompt_weighting")
    assert bench.params.prompt_weighting == "literal"
