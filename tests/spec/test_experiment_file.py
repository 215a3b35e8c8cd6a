"""What people write into experiment files is read as it was meant, or refused.

A refusal names the line and the words, and says what to write instead.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from dwlab.cli.app import app
from dwlab.errors import InvalidInput
from dwlab.spec import experiment_file
from dwlab.spec.sweep import SweepSpec

CASES = Path(__file__).parents[1] / "cases" / "yaml"
# file: the prompts of its cells, each once
PROMPTS = {
    "block": ["a red star"],
    "bom": ["a star"],
    "brace_prompt_q": ["{red|blue} star"],
    "crlf": ["a red star\nat the top"],
    "dupvals": ["a star"],
    "emoji": ['🦄 étoile 👩\u200d🚀 نجمة "x"'],
    "float_noise": ["a star"],
    "guidance_comma": ["a star"],
    "key_year": ["a 1 star", "a n star"],
    "labels": ["a star 星の絵", "a star 🦄 emoji", "a star نجمة حمراء", "a star étoile ★", "a star 한국어", "a star हिन्दी"],
    "mixed_types": ["a star 1", "a star two", "a star 2.5", "a star 3"],
    "newline_duplicates": ["a red star", "a  red star", "A red star"],
    "range_prompt": ["a star 0", "a star 1", "a star 2"],
    "sched_ok": ["a star"],
    "seed_4e9": ["a star"],
    "size64": ["a star"],
    "steps_hex": ["a star"],
    "sweep.yml": ["a star"],
    "u2028": ["a\u2028red star"],
    "weights": ["(a red star:1.3), [blurry:0.5], <lora:foo:0.8>"],
}  # fmt: skip
# file: what the message says, in this order
REFUSED = {
    "a1111_range": ["line 2", "axes.steps is '10-20(+2)'", "range"],
    "amp": ["line 2", "&star", "quotes"],
    "anchor": ["line 1", "&d", "written out"],
    "apostrophe": ["line 2", "it's a star", "quotes", "doubled"],
    "at": ["line 2", "@artist", "quotes"],
    "bang": ["line 2", "!star", "quotes"],
    "brace_prompt": ["line 2", "{red|blue} star", "quotes"],
    "bracket_prompt": ["line 2", "[blurry:0.5] a star", "quotes"],
    "bracket_prompt2": ["line 2", "base.prompt is ['a star']", "axes"],
    "colon_prompt": ["line 2", "masterpiece, best: quality", "quotes"],
    "comment_only": ["an empty file", "a map with name"],
    "csv_axis": ["line 2", "axes.steps is '4, 8, 20'", "a list"],
    "ctrl": ["line 2", r"\x07", "control characters"],
    "dash_list": ["prompt[3] is 42", "quotes"],
    "date": ["line 2", "2024-01-01", "quotes"],
    "deep": ["line 1", "20 levels"],
    "dup": ["line 1", "prompt", "once"],
    "dup_alias": ["line 1", "num_inference_steps", "steps is given twice"],
    "dup_top": ["line 3", "axes", "once"],
    "empty": ["an empty file", "a map with name"],
    "equals": ["line 2", "'='", "quotes"],
    "guidance_comma_block": ["guidance is '7,5'", "a number from 0 to 100"],
    "guidance_percent": ["guidance is '75%'", "a number from 0 to 100"],
    "hash_prompt": ["line 2", "a red star #1 at night", "quotes", "comment"],
    "hex": ["line 2", "0x10", 'quotes: "0x10"', "16"],
    "key_no": ["line 2", "'no'", 'quotes it is one: "no"'],
    "latin1": ["UTF-8"],
    "nai": ["{star}", "{{star}}"],
    "nai1": ["{star}", "{{star}}"],
    "name_num": ["line 1", "name is 2024", 'quotes, "2024"'],
    "nbsp": ["line 2", r"\xa0 prompt", "the keys"],
    "norway": ["line 2", "'no'", 'quotes: "no"', "false"],
    "null_prompt": ["line 1", "base.prompt", "a prompt"],
    "num_prompt": ["prompt is 42", "quotes"],
    "octal": ["line 2", "007", "quotes"],
    "on": ["line 1", "'on'", 'quotes it is one: "on"'],
    "percent": ["line 2", "%a star", "quotes"],
    "plus": ["line 2", "+5", 'quotes: "+5"'],
    "plus2": ["line 2", "+5", 'quotes: "+5"'],
    "prompt_sr": ["line 2", "axes.red", "placeholder"],
    "quote_prompt": ["line 2", 'a "red" star', "quotes"],
    "sched": ["k_euler_ancestral", "Euler a"],
    "seed_axis_minus": ["seed[0] is -1", "leave it out", "`seed: random`"],
    "seed_big": ["seed is 18446744073709551615", "9223372036854775807"],
    "seed_float": ["seed is 1.5", "a whole number"],
    "seed_list_random": ["seed[0] is 'random'", "a whole number"],
    "seed_minus": ["seed is -1", "leave it out", "`seed: random`"],
    "seed_random_axis": ["line 2", "axes.seed is 'random'", "{random: n}"],
    "seed_str": ["seed is '42'", "a whole number"],
    "single_axis": ["line 2", "axes.steps is 8", "a list"],
    "size500": ["width is 500", "a multiple of 8"],
    "size_str": ["line 2", "axes.size", "width"],
    "star_alias": ["line 2", "*star* of the sea", "quotes"],
    "steps_inf": ["guidance is nan", "a number"],
    "steps_none": ["steps is 'none'", "a whole number"],
    "steps_str": ["steps is '20'", "a whole number"],
    "swarm_range": ["seed[2] is '..'", "a whole number"],
    "tab": ["line 2", r"\tprompt", "spaces"],
    "tab_after": ["line 2", r"a star\t", "spaces"],
    "tab_value": ["line 2", r"prompt:\ta star", "spaces"],
    "time": ["line 2", "12:30", "quotes"],
    "two_docs": ["line 2", "---", "one experiment"],
    "utf16": ["UTF-8"],
    "versions": ["line 2", "1.10", 'quotes: "1.10"', "1.1"],
    "zip_flat": ["line 3", "zip", "[[scheduler, steps]]"],
    "zip_len": ["line 3", "zip", "same length"],
    "zwsp_key": ["line 2", r"pro\u200bmpt", "prompt"],
}  # fmt: skip
LATER = {"csv"}  # for the tests of tables


def message_about(path: Path) -> str:
    with pytest.raises(InvalidInput) as caught:
        SweepSpec.from_yaml(path).cells()
    return str(caught.value)


def assert_has_parts(message: str, parts: list[str]) -> None:
    """The message has all parts in their order, and none of the parser's or Python's own words."""
    at = 0
    for part in parts:
        assert part in message[at:], message
        at = message.index(part, at) + len(part)
    assert "tag:yaml" not in message and "expected <" not in message and "token" not in message
    assert message.isprintable() and len(message) < 600


def test_every_file_of_the_cases_has_an_expected_outcome():
    files = {path.stem for path in CASES.iterdir()}
    assert files == PROMPTS.keys() | REFUSED.keys() | LATER


@pytest.mark.parametrize("case", PROMPTS)
def test_an_accepted_file_makes_the_prompts_that_its_author_meant(case):
    (path,) = CASES.glob(f"{case}.y*ml") if case != "sweep.yml" else CASES.glob("sweep.yml.txt")
    cells = SweepSpec.from_yaml(path).cells()
    assert list(dict.fromkeys(cell.params.prompt for cell in cells)) == PROMPTS[case]


def test_numbers_of_parameters_may_be_written_as_yaml_writes_them():
    (cell,) = SweepSpec.from_yaml(CASES / "steps_hex.yaml").cells()
    assert (cell.params.steps, cell.params.seed) == (16, 1000)


@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_file_is_told_the_line_the_words_and_the_remedy(case):
    assert_has_parts(message_about(CASES / f"{case}.yaml"), REFUSED[case])


@pytest.mark.parametrize("name", ["CON", "my sweep (1)", "étoile", "2024 test", "a.b.", "x" * 70])
def test_a_file_whose_name_cannot_be_a_sweeps_is_told_to_give_one(name, tmp_path):
    path = tmp_path / f"{name}.yaml"
    path.write_text("base: {prompt: a star}\n")
    assert_has_parts(message_about(path), [name[:50], "name is", "rename the file", "name:"])
    path.write_text("name: fair\nbase: {prompt: a star}\n")
    assert SweepSpec.from_yaml(path).name == "fair"


def test_a_prompt_beyond_the_limit_says_how_long_it_is(tmp_path):
    path = tmp_path / "toolong.yaml"
    path.write_text(f"base: {{prompt: '{'star, ' * 5000}'}}\n")
    assert_has_parts(
        message_about(path), ["prompt is", "at most 20,000 characters (this has 30,000)"]
    )


P = "base: {prompt: 'a {w} star'}\naxes:\n  w: "
# more of each kind: text, and what the message says
MORE_REFUSED = {
    "two anchors": ("base:\n  prompt: &a &b star", ["line 2", "quotes"]),
    "anchor on a list": (P + "&all [red]", ["line 3", "&all"]),
    "alias in a list": (P + "[*, red]", ["line 3", "quotes"]),
    "comment in a negative prompt": ("base:\n  prompt: x\n  negative_prompt: blurry #bad", ["line 3", "blurry #bad"]),
    "comment in a list": (P + "\n    - red\n    - deep blue #2", ["line 5", "deep blue #2", "comment"]),
    "a colour after a dash": (P + "\n    - #FF0000\n    - red", ["line 4", "#FF0000", "quotes"]),
    "comment after a prompt in many lines": ("base:\n  prompt: a red\n    star #5\n", ["line 3", "a red star #5"]),
    "comment in a flow map": ("base: {prompt: a star #1\n  , steps: 2}", ["line 1", "a star #1"]),
    "signed": (P + "[-0]", ["line 3", "-0", 'quotes: "-0"']),
    "leading point": (P + "[.5]", ["line 3", ".5", "0.5"]),
    "trailing point": (P + "[3.]", ["line 3", "3.", "3.0"]),
    "trailing zero": (P + "[3.50]", ["line 3", "3.50", "3.5"]),
    "underscores": (P + "[1_000_000]", ["line 3", "1_000_000", "1000000"]),
    "exponent": (P + "[1.0e+3]", ["line 3", "1.0e+3", "1000.0"]),
    "many digits": (P + "[0.1000000000000000055511151231257827]", ["line 3", "0.1"]),
    "capital hexadecimal": (P + "[0XFF, 0xFF]", ["line 3", "0xFF", "255"]),
    "infinity": (P + "[.inf]", ["line 3", ".inf", "quotes"]),
    "truth": (P + "[Yes]", ["line 3", "Yes", 'quotes: "Yes"']),
    "nothing": (P + "[~]", ["line 3", "~", "quotes"]),
    "null": (P + "[red, null]", ["line 3", "null", "quotes"]),
    "a rule on a version": (P + "['1.10', '1.2']\nskip: [{w: 1.10}]", ["line 4", "1.10", "quotes"]),
    "key of a number": ("base: {prompt: x}\naxes: {7: [1]}", ["line 2", "'7'", "quotes"]),
    "key of nothing": ("base: {prompt: x}\n~: 1", ["line 2", "'~'", "quotes"]),
    "key of a date": ("base: {prompt: x}\n2024-01-01: 1", ["line 2", "2024-01-01", "quotes"]),
    "merge": ("base:\n  <<: {prompt: x}", ["line 2", "<<", "quotes"]),
    "name of truth": ("name: on\nbase: {prompt: x}", ["line 1", "name"]),
    "name of a float": ("name: 1.5\nbase: {prompt: x}", ["line 1", "name is 1.5", "quotes"]),
    "backtick": ("base:\n  prompt: `star`", ["line 2", "`star`", "quotes"]),
    "open quote far above": ("base:\n  prompt: 'a star\n  steps: 2\n  seed: 3\n", ["line 2", "a star", "closing quote"]),
    "open bracket": ("base: {prompt: x}\naxes: {steps: [1, 2}", ["line 2", "[1, 2}", "closed list"]),
    "crooked list": (P + "\n    - red\n   - blue\n", ["line 5", "- blue", "column"]),
    "crooked map": ("base:\n  prompt: x\n   steps: 2\n", ["line 3", "steps: 2"]),
    "no blank after the colon": ("base:\n  prompt:x\n  steps: 2\n", ["line 3", "name: value"]),
    "unknown escape": ('base:\n  prompt: "a\\star"\n', ["line 2", "star", "backslash"]),
    "directive": ("%YAML 9.9\n---\nbase: {prompt: x}", ["line 1", "%YAML"]),
    "delete": ("base:\n  prompt: a \x7f star", ["line 2", r"\x7f", "control"]),
    "half of a pair": ("base:\n  prompt: x\nname: \ufffe", ["line 3", r"\ufffe"]),
}  # fmt: skip
# text, prompts
MORE_TAKEN = {
    "comment lines": ("# mine\nbase:\n  # the words\n  prompt: a star\n", ["a star"]),
    "comment behind quotes": ("base:\n  prompt: 'a star'  # mine\n  negative_prompt: \"x\"   # mine\n", ["a star"]),
    "comment behind numbers and lists": (
        P + "[red, 2]  # two\n  steps: [2]  # few\nname: trial  # a name",
        ["a red star", "a 2 star"],
    ),
    "comment behind a scheduler": ("base:\n  prompt: 'x'\n  scheduler: Euler a  # fast\nmodel: shapes # small", ["x"]),
    "hash inside quotes": ("base: {prompt: 'star #1'}", ["star #1"]),
    "hash without a blank": ("base: {prompt: star#1}", ["star#1"]),
    "hash in a block": ("base:\n  prompt: |\n    star #1\n    at night\n", ["star #1\nat night"]),
    "comment below a block": ("base:\n  prompt: >\n    a star\n  # mine\n  steps: 2\n", ["a star"]),
    "comment behind an axis' name": ("base: {prompt: 'a {w} star'}\naxes:\n  w: # words\n    - red\n", ["a red star"]),
    "plain numbers": (P + "[1, 2.5, -3, 0, 10.0]", ["a 1 star", "a 2.5 star", "a -3 star", "a 0 star", "a 10.0 star"]),
    "numbers in quotes": (P + '["1.10", "007", "+5", "0x10"]', ["a 1.10 star", "a 007 star", "a +5 star", "a 0x10 star"]),
    "ampersand inside": ("base: {prompt: salt & pepper}", ["salt & pepper"]),
    "words of truth in quotes": (P + '["no", "yes", "null", "~"]', ["a no star", "a yes star", "a null star", "a ~ star"]),
    "range of fractions": (P + "{range: [0, 1.0, 0.50]}", ["a 0 star", "a 0.5 star"]),
    "an emptied prompt's neighbour": ("base: {prompt: x, negative_prompt: }", ["x"]),
    "call as YAML writes numbers": ("base: {prompt: x, call: {eta: 1.0}}\naxes: {call.eta: [+0, 1.]}\n", ["x", "x"]),
}  # fmt: skip


@pytest.mark.parametrize("case", MORE_REFUSED)
def test_a_refused_text_is_told_the_line_the_words_and_the_remedy(case, tmp_path):
    text, parts = MORE_REFUSED[case]
    path = tmp_path / "trial.yaml"
    path.write_text(text, "utf-8")
    assert_has_parts(message_about(path), parts)


@pytest.mark.parametrize("case", MORE_TAKEN)
def test_an_accepted_text_makes_the_prompts_that_its_author_meant(case, tmp_path):
    text, prompts = MORE_TAKEN[case]
    path = tmp_path / "trial.yaml"
    path.write_text(text, "utf-8")
    assert [cell.params.prompt for cell in SweepSpec.from_yaml(path).cells()] == prompts


@pytest.mark.parametrize(
    ("assignment", "written"),
    [
        ("prompt=a star #1", "a star #1"),
        ("w=[1.10]", "1.10"),
        ("w=+5", "+5"),
        ("w=red #2", "red #2"),
        ("w=no", "no"),
    ],
)
def test_a_value_on_the_command_line_is_read_with_the_same_care(assignment, written, tmp_path):
    path = tmp_path / "trial.yaml"
    path.write_text(P + "[red]\n")
    result = CliRunner().invoke(app, ["sweep", str(path), "--dry-run", "--set", assignment])
    assert result.exit_code == 2 and written in result.stderr and "quotes" in result.stderr


def test_one_value_for_a_field_is_read_with_the_same_care():
    assert experiment_file.value("steps", "[0x10, 1_0]") == [16, 10]
    assert experiment_file.value("w", "['1.10', red]") == ["1.10", "red"]
    with pytest.raises(InvalidInput, match=r"1\.10"):
        experiment_file.value("w", "[1.10]")


def test_an_error_that_the_sweep_finds_names_the_nearest_line(tmp_path):
    path = tmp_path / "trial.yaml"
    path.write_text("base: {prompt: x}\nskip:\n  - {steps: {above: 3}}\n  - {steps: {lambda: 1}}\n")
    assert_has_parts(message_about(path), ["line 4", "skip[1].steps"])
