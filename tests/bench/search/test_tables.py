from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bench.search import made_up_tables

from dwlab.bench.search.tables import QUESTIONS, Question, read_table, resampled, world
from dwlab.errors import InvalidInput

TABLE = Path(__file__).parents[3] / "results" / "reference" / "search" / "good-enough.csv"


def test_the_reference_table_is_the_grid_of_good_enough():
    table = read_table(TABLE, QUESTIONS[0])
    assert table.values.shape == (48, 6, 4)
    assert table.grid_rows == 21168
    assert sorted(set(table.prices)) == [2, 4, 5, 10, 20, 25, 50]
    # 5 steps at guidance 3 or 5
    assert table.lowest_good_price == 10
    assert table.truth.max() == pytest.approx(0.9917, abs=1e-4)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.metric)
def test_it_has_all_metrics_that_are_asked_for(question):
    assert read_table(TABLE, question).is_good.any()


def test_missing_columns_and_cells_are_named(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("prompt,seed,steps,guidance,scheduler,adherence\na,0,2,1,DDIM,1\n")
    with pytest.raises(InvalidInput, match="sharpness"):
        read_table(path, Question("sharpness", 0.1))
    path.write_text(f"{path.read_text()}b,1,5,1,DDIM,1\n")
    with pytest.raises(InvalidInput, match="missing cells"):
        read_table(path, Question("adherence", 0.1))


def test_a_resampled_table_has_another_truth_and_the_same_grid():
    table = made_up_tables.table(noise=0.1)
    other = resampled(table, np.random.default_rng(1))
    assert other.values.shape == table.values.shape
    assert other.grid_rows == table.grid_rows
    assert not np.allclose(other.truth, table.truth)
    assert np.allclose(other.truth, other.values.mean(axis=(1, 2)))


def test_the_truth_of_a_world_is_that_of_many_seeds():
    table = made_up_tables.table(noise=0.1)
    large = world(table, np.random.default_rng(1), seeds=4000)
    assert large.values.mean(axis=(1, 2)) == pytest.approx(large.truth, abs=0.01)
