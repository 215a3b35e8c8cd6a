"""A skip rule drops the combinations that it describes, and no others."""

from __future__ import annotations

import pytest
from sweeps import spec

from dwlab.bench.spec import BenchSpec
from dwlab.errors import InvalidInput


def test_skip_rules_drop_combinations_and_counts_are_exact():
    swept = spec(
        axes={"scheduler": ["Euler", "Heun"], "steps": [10, 20, 40], "guidance": [1, 5]},
        skip=[{"scheduler": "Heun", "steps": {"above": 10}}, {"guidance": 1, "steps": [10, 20]}],
    )
    assert swept.combinations() == 12
    assert swept.count() == len(swept.cells()) == 12 - 4 - 3


@pytest.mark.parametrize(
    "rule",
    ["Heun", "heun", "HeunDiscreteScheduler", ["PNDM", "HEUN"], {"not": ["DDIM", "Euler_a"]}],
)
@pytest.mark.parametrize("axis", ["Heun", "heun", "HeunDiscreteScheduler"])
def test_a_rule_means_a_scheduler_whatever_its_spelling(rule, axis):
    swept = spec(axes={"scheduler": [axis, "DDIM", "Euler a"]}, skip=[{"scheduler": rule}])
    assert [c.axes["scheduler"] for c in swept.cells()] == ["DDIM", "Euler a"]


def test_a_rule_for_a_scheduler_leaves_those_with_other_options():
    names = ["DPM++ 2M", "DPM++ 2M Karras", "DPMSolverMultistepScheduler"]
    swept = spec(axes={"scheduler": names}, skip=[{"scheduler": "dpm++2m"}])
    assert [c.axes["scheduler"] for c in swept.cells()] == ["DPM++ 2M Karras"]
    with pytest.raises(InvalidInput, match=r"skip\[0\]\.scheduler\.not is 'Huen'.*Heun"):
        spec(axes={"scheduler": ["Heun", "DDIM"]}, skip=[{"scheduler": {"not": "Huen"}}])


def test_a_rule_compares_numbers_by_value_and_does_not_take_true_for_1():
    def left(rule, **axes):
        return [tuple(c.axes.values()) for c in spec(axes=axes, skip=[rule]).cells()]

    assert left({"steps": 3.0}, steps=[3, 4]) == left({"steps": 3}, steps=[3.0, 4]) == [(4,)]
    assert left({"steps": {"not": (3, 4.0)}}, steps=[3, 4, 5]) == [(3,), (4,)]
    assert left({"seed": True}, seed=[0, 1]) == [(0,), (1,)]
    name = "scheduler_options.use_karras_sigmas"
    assert left({name: 1}, **{name: [True, False]}) == [(True,), (False,)]
    assert left({name: {"above": 0}}, **{name: [True, False]}) == [(True,), (False,)]
    assert left({name: True}, **{name: [True, False]}) == [(False,)]


def test_a_rule_may_be_about_a_value_inside_call_in_base():
    base = {"prompt": "x", "call": {"eta": 0.5}}
    swept = spec(
        base=base,
        axes={"scheduler": ["DDIM", "Euler"]},
        skip=[{"call.eta": {"above": 0}, "scheduler": "Euler"}],
    )
    assert [c.axes["scheduler"] for c in swept.cells()] == ["DDIM"]


def test_a_rule_about_random_seeds_is_refused():
    with pytest.raises(InvalidInput, match=r"skip\[0\]\.seed"):
        spec(axes={"seed": {"random": 2}}, skip=[{"seed": {"above": 5}}])


def test_a_rule_may_combine_base_values_axes_and_zipped_axes():
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


MANY_RULES = [{"seed": k, "steps": {"above": 90}, "guidance": {"below": 0.5}} for k in range(2480)]


def test_thousands_of_rules_on_ten_thousand_combinations_are_applied():
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


def test_a_benchmark_of_too_many_combinations_is_refused_too():
    axes = {"steps": {"range": [1, 1001]}, "seed": {"range": [1000]}, "batch": [1, 2]}
    bench = BenchSpec("b", axes=axes, skip=[{"steps": {"above": 0}}])
    with pytest.raises(InvalidInput, match="2,000,000 combinations"):
        bench.configurations(["cpu"])
