"""What a comparison says first: as much as is shown, and why if that is nothing."""

from __future__ import annotations

import pytest
from bench.made_up import phase, row, save

from dwlab.bench.compare import compare


def with_phases(made, prompt, step, decode):
    phases = {"prompt": phase([prompt]), "step": phase([step] * 3), "decode": phase([decode])}
    return {**made, "phases": {**made["phases"], **phases}}


def noisy(made, *seconds):
    """The row with a process for each of these times."""
    end_to_end = phase(*[[value] for value in seconds])
    return {**made, "phases": {**made["phases"], "end_to_end": end_to_end}}


def test_machines_are_compared_in_each_dtype_with_where_and_how_well(tmp_path):
    slow = [with_phases(row(2.0), 0.1, 0.09, 0.1), row(2.0, dtype="bfloat16")]
    fast = [with_phases(row(1.0), 0.1, 0.04, 0.1), row(0.5, dtype="bfloat16")]
    for each in (*slow, *fast):
        each["matmul_share"] = 0.32
    files = [save(tmp_path, "a", *slow), save(tmp_path, "b", *fast, name="B")]
    (sentence,) = compare(files).sentences
    assert sentence == (
        "On shapes, 128x128, 20 steps, batch 1: B is 2 times as fast as A in float32 (1.9-2.1) and "
        "4 times in bfloat16 (3.8-4.2), nearly all of it in the steps; both reach 32% of their "
        "matmul rate in float32."
    )
    (turned,) = compare(files[::-1]).sentences
    assert "A is 2 times as fast as B in float32" in turned


def test_an_interval_that_contains_one_is_no_difference(tmp_path):
    a = save(tmp_path, "a", noisy(row(), 1.0, 2.0, 3.0))
    b = save(tmp_path, "b", noisy(row(), 0.9, 1.5, 3.1))
    (sentence,) = compare([a, b]).sentences
    assert "no difference is shown in float32 (" in sentence and "times as fast" not in sentence


@pytest.mark.parametrize(
    ("ours", "theirs", "reason"),
    [
        (row(), row(prompt="other"), "they measured other workloads (they differ in prompt)"),
        (row(), row(dtype="float16"), "not in the same dtype and settings"),
        (row(), row(status="suspect"), "no row of B has numbers that count"),
    ],
)
def test_files_that_cannot_be_compared_say_why(tmp_path, ours, theirs, reason):
    files = [save(tmp_path, "a", ours), save(tmp_path, "b", theirs)]
    (sentence,) = compare(files).sentences
    assert sentence.startswith("A and B cannot be compared") and reason in sentence


def test_other_versions_are_named(tmp_path):
    files = [save(tmp_path, "a", row()), save(tmp_path, "b", row(0.5), torch="2.14.0")]
    assert compare(files).sentences[1] == (
        "A and B were measured with other versions: torch 2.13.0 and 2.14.0."
    )


def test_one_machine_says_which_setting_is_faster_than_plain_float32(tmp_path):
    path = save(
        tmp_path, "a", row(1.0), row(0.5, dtype="bfloat16"), row(1.0, batch=4, dtype="bfloat16")
    )
    first, second = compare([path]).sentences
    assert first.startswith("bfloat16 is 2 times as fast (1.9-2.1) as float32 (1 picture a second)")
    assert second == "bfloat16 makes 4 pictures a second on shapes, 128x128, 20 steps, batch 4."
    slower = save(tmp_path, "b", row(1.0), row(2.0, dtype="bfloat16"))
    (sentence,) = compare([slower]).sentences
    assert sentence.startswith("No setting is shown to be faster than float32")
    nothing = save(tmp_path, "c", row(status="suspect"))
    assert "No row has numbers that count" in compare([nothing]).sentences[0]


def test_a_suspect_row_says_why_and_what_to_do(tmp_path):
    def note(**checks):
        suspect = {**row(status="suspect"), "checks": {"ok": False, **checks}}
        return compare([save(tmp_path, "a", suspect)]).rows[0].note

    remembered = note(repeat_ratio=0.61, difference=0.0)
    assert "61% of the time of fresh ones" in remembered and "measure again" in remembered
    changed = note(repeat_ratio=1.0, difference=0.02)
    assert "5.1 of 255 different" in changed and "attention: math" in changed
    assert "its self-checks failed" in note()
