"""How well a model follows its captions: the figures, and the command that prints them."""

import json

import pytest

from dwlab.shapes import evaluate
from dwlab.shapes.evaluate import Judged, adherence, report, summary
from dwlab.shapes.judging import Verdict
from dwlab.shapes.world import ATTRIBUTES, all_scenes

SCENES = list(all_scenes())
SEEN = next(scene for scene in SCENES if not scene.held_out)
HELD_OUT = next(scene for scene in SCENES if scene.held_out)


def judged_right(scene, **wrong):
    """A picture in which all is right except for what is passed."""
    return Judged(scene, Verdict(**{**scene.as_dict(), **wrong}, confidence=0.5))


def test_a_summary_counts_each_attribute_and_all_five_together():
    pictures = [judged_right(SEEN), judged_right(SEEN, shape="none", colour="none")]
    assert summary(pictures) == {
        "count": 2,
        "size": 1,
        "colour": 0.5,
        "shape": 0.5,
        "position": 1,
        "background": 1,
        "all": 0.5,
        "confidence": 0.5,
    }
    assert adherence(pictures) == pytest.approx(0.8)


def test_a_report_keeps_seen_and_held_out_scenes_apart():
    parts = report([judged_right(SEEN), judged_right(SEEN), judged_right(HELD_OUT, shape="none")])
    assert {name: part["count"] for name, part in parts.items()} == {
        "every": 3,
        "seen": 2,
        "held_out": 1,
    }
    assert (parts["seen"]["all"], parts["held_out"]["all"]) == (1, 0)


def test_a_summary_of_no_pictures_has_no_shares():
    assert summary([]) == {"count": 0, **dict.fromkeys((*ATTRIBUTES, "all", "confidence"))}
    assert "-" in evaluate.table({"held_out": summary([])})


def test_the_command_prints_the_table_and_writes_the_figures(tmp_path, capsys):
    file = tmp_path / "figures.json"
    evaluate.main(["--captions", "3", "--steps", "2", "--batch", "2", "--json", str(file)])
    printed = capsys.readouterr().out.splitlines()
    assert printed[:2] == ["2/3", "3/3"]
    assert [line.split()[0] for line in printed if line.startswith(("every", "seen"))]
    figures = json.loads(file.read_text())
    assert (figures["captions"], figures["steps"], figures["scheduler"]) == (3, 2, "DDIMScheduler")
    assert figures["every"]["count"] == figures["seen"]["count"] + figures["held_out"]["count"] == 3


@pytest.mark.slow
def test_the_command_compares_schedulers(tmp_path, capsys):
    file = tmp_path / "figures.json"
    # PNDM needs at least four steps
    evaluate.main(["--captions", "1", "--steps", "4", "--schedulers", "--json", str(file)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("as shipped")
    shares = json.loads(file.read_text())["adherence"]
    assert list(shares) == ["as shipped", *evaluate.SCHEDULERS]
    assert len(lines) == len(shares)


@pytest.mark.parametrize(
    ("words", "message"),
    [(["--captions", "0"], "must be 1 or more"), (["--model", "nowhere"], "no model_index.json")],
)
def test_the_command_refuses_what_cannot_be_evaluated(words, message, capsys):
    with pytest.raises(SystemExit):
        evaluate.main(words)
    assert message in capsys.readouterr().err
