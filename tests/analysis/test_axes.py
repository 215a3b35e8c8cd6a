"""The axes of a table."""

from __future__ import annotations

from grid_labels import assert_labels_fit
from sweep_tables import sweep_table

from dwlab.analysis.axes import swept
from dwlab.analysis.effects import ranked_settings
from dwlab.analysis.identical import identical_along
from dwlab.views.grids.layout import lay_out


def test_axes_that_move_together_are_one_and_templates_are_told_apart(tmp_path):
    table = sweep_table(
        tmp_path, ("a red star", "a blue star", "red only", "blue only"), seeds=(0,)
    )
    table = table[(table["steps"] == 4) == (table["guidance"] == 1.0)].copy()
    table["colour"] = ["red" if "red" in p else "blue" for p in table["prompt"]]
    axes = {"prompt": ["a {colour} star", "{colour} only"], "colour": ["red", "blue"]}
    table.attrs["axes"] = axes | {"num_inference_steps": [8, 4], "guidance": [4, 1]}
    found = {axis.name: [axis.label(v) for v in axis.values] for axis in swept(table)}
    assert found == {**axes, "steps + guidance": ["8 · 4", "4 · 1"]}
    assert [ranked.setting for ranked in ranked_settings(table, "adherence")] == [
        "steps 8, guidance 4",
        "steps 4, guidance 1",
    ]
    assert_labels_fit(lay_out(table))


def test_schedulers_that_share_a_class_are_told_apart(tmp_path):
    table = sweep_table(tmp_path, ("a star",), steps=(4,))
    table["scheduler"] = "EulerDiscreteScheduler"
    table.loc[[1, 3], "scheduler_options"] = '{"use_karras_sigmas": true}'
    table.attrs["axes"] = {"scheduler": ["euler karras", "Euler"], "guidance": [1.0, 4.0]}
    assert [list(axis.values) for axis in swept(table)] == [["Euler Karras", "Euler"], [1.0, 4.0]]


def test_values_from_right_to_left_do_not_turn_around_the_sentences_they_stand_in(tmp_path):
    table = sweep_table(tmp_path, ("a star",), steps=(4, 8))
    table["نوع"] = ["قطة" if steps == 4 else "نجمة" for steps in table["steps"]]
    table.attrs["axes"] = {"نوع": ["قطة", "نجمة"], "guidance": [1.0, 4.0]}
    axis, _ = swept(table)
    assert axis.named("قطة") == "\u2068نوع\u2069 \u2068قطة\u2069"
    table["pixels"] = "the same"
    kind, _ = identical_along(table)
    assert kind.startswith(
        "\u2068نوع\u2069 changed nothing: \u2068قطة\u2069 and \u2068نجمة\u2069 gave"
    )
