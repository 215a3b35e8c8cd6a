"""The answer says beside its metric how often that agrees with the votes."""

from __future__ import annotations

from rated_folders import rated_folder

from dwlab.analysis.metric_taste import metric_taste
from dwlab.analysis.results import Results
from dwlab.store.store import Store
from dwlab.store.vote import Choice
from dwlab.views.report.answer import answer
from dwlab.workflows.report import make_report


def like_many_steps(root):
    """Votes by somebody who always likes the picture with more steps better."""
    table = Results(root).table("rated")
    steps = dict(zip(table["key"], table["steps"], strict=True))
    pairs = [
        (left, right)
        for left, right in zip(table["key"], table["key"].shift(-2).dropna(), strict=False)
        if steps[left] < steps[right]
    ]
    with Store(root) as store:
        for left, right in pairs:
            pair = store.votes.offer("rated", "ada", left, right, waiting=0)
            store.votes.vote(pair, Choice.RIGHT)
    return Results(root).table("rated")


def test_with_votes_the_answer_tells_how_often_its_metric_agrees(tmp_path):
    table = like_many_steps(rated_folder(tmp_path))
    sentence = metric_taste(table, "adherence")
    assert sentence.startswith(
        "By the votes on these pictures, adherence predicts your taste in 100% ["
    )
    assert sentence in answer(table, "adherence").sentences
    assert sentence in make_report(tmp_path, "rated").read_text()


def test_without_votes_nothing_is_said_of_them(tmp_path):
    table = Results(rated_folder(tmp_path)).table("rated")
    assert metric_taste(table, "adherence") == ""
    table.attrs.pop("results")
    assert metric_taste(table, "adherence") == ""
