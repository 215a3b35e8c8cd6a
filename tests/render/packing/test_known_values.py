"""What is known of values on a GPU: here on torch's meta device, whose tensors have no values to read."""

from __future__ import annotations

import pytest
import torch

from dwlab.render.packing import known_values, reading
from dwlab.render.packing.memo import digest, is_readable
from dwlab.render.packing.without_waiting import WithoutWaiting

MASK = torch.tensor([[1, 1, 1, 0], [1, 0, 0, 0]])


def copied(values, device="meta", layout=None):
    copy = values.to(device)
    known_values.remember_copy(copy, values)
    return copy


@pytest.fixture(autouse=True)
def pipeline(monkeypatch):
    """As within a pipeline, whose copies are pinned on a real GPU."""
    monkeypatch.setattr(reading, "to_device", copied)
    monkeypatch.setattr("dwlab.render.packing.without_waiting.to_device", copied)
    with torch.inference_mode(), WithoutWaiting():
        yield


def test_what_is_computed_of_copied_numbers_is_read_on_the_cpu():
    mask = MASK.to("meta").bool()
    assert mask.sum(dim=1).tolist() == [3, 1]
    assert not mask.all()
    assert mask[:, 0].all() and (~mask[1, 1:]).all()
    assert int(torch.cat([mask, mask]).long().sum() * 2 - 1) == 15
    assert torch.ones(2, 3, dtype=torch.long, device="meta").sum().item() == 6
    assert mask.cpu().equal(MASK.bool()) and mask.to("cpu", torch.int32).dtype == torch.int32


def test_what_a_mask_chooses_needs_no_reading():
    states = torch.empty(2, 4, 5, device="meta")
    mask = MASK.to("meta").bool()
    assert states[mask].shape == (4, 5)
    assert states[:, mask[0]].shape == (2, 3, 5)
    assert mask.nonzero().tolist() == [[0, 0], [0, 1], [0, 2], [1, 0]]
    assert torch.where(mask[0])[0].tolist() == [0, 1, 2]
    assert torch.repeat_interleave(mask[0].long(), torch.tensor([1, 0, 2, 1]).to("meta")).shape == (
        4,
    )
    assert torch.nonzero(input=mask).shape == (4, 2)
    assert torch.repeat_interleave(mask, repeats=2, dim=0).shape == (4, 4)
    assert len(torch.split(tensor=mask, split_size_or_sections=1)) == 2
    states[mask] = 0
    assert states[[1, 0], 2].shape == (2, 5)


def test_sizes_may_be_numbers_on_the_device():
    height = torch.tensor([3, 1]).to("meta").max()
    assert torch.zeros((height * 2, 4), device="meta").shape == (6, 4)
    assert torch.empty(9, device="meta")[: height + 1].shape == (4,)
    assert torch.empty(9, 2, device="meta")[height].shape == (2,)
    assert torch.empty(6, device="meta").view(height, 2).shape == (3, 2)
    assert height.reshape(-1, 1).shape == (1, 1) and height.expand(2).tolist() == [3, 3]


def test_other_numbers_are_equal_if_they_were_computed_in_the_same_way():
    def positions(end):
        grid = torch.linspace(0, end, 4, device="meta")
        return torch.cat([(1.0 / (10.0**grid)).cos(), grid.sin()])

    assert digest(positions(2.0)) == digest(positions(2.0)) != digest(positions(3.0))
    noise = torch.randn(3)
    assert digest(noise.to("meta")) == digest(noise.to("meta")) == digest(noise)
    assert digest(noise.to("meta").reshape(1, 3)) == digest(noise)
    with pytest.raises(RuntimeError, match="meta"):
        positions(2.0).tolist()


def test_what_depends_on_anything_else_is_not_known():
    known = torch.tensor([1.0, 2.0]).to("meta")
    answer_of_a_model = torch.empty(2, device="meta")
    assert not is_readable(known + answer_of_a_model)
    assert not is_readable(torch.rand(2, device="meta"))
    assert not is_readable(torch.nn.functional.dropout(known))
    _, places = torch.tensor([5, 5]).to("meta").max(dim=0)
    assert not is_readable(places)


def test_values_that_are_written_to_are_others_afterwards():
    ids = torch.zeros(2, 3, dtype=torch.long, device="meta")
    before = digest(ids)
    ids[..., 0] = 7
    assert ids.tolist() == [[7, 0, 0], [7, 0, 0]] and digest(ids) != before
    ids[0] = torch.empty(3, dtype=torch.long, device="meta")
    assert not is_readable(ids)


def test_what_is_written_to_very_often_is_no_longer_known():
    ids = torch.zeros(2000, dtype=torch.long, device="meta")
    for place in range(20):
        ids[place] = place
    assert ids[:4].tolist() == [0, 1, 2, 3]
    for place in range(2000):
        ids[place] = place
    assert not is_readable(ids)


@pytest.mark.parametrize(
    "write",
    [
        lambda ids: ids.add_(1),
        lambda ids: ids[1].fill_(3),
        lambda ids: ids.view(-1).__setitem__(0, 3),
        lambda ids: ids.T.mul_(2),
        lambda ids: ids.__iadd__(1),
        lambda ids: torch.add(ids, 1, out=ids),
    ],
)
def test_so_are_those_of_views_and_of_what_they_are_views_of(write):
    ids = torch.tensor([[1, 2], [3, 4]]).to("meta")
    row, copy = ids[1], ids.clone()
    write(ids)
    assert not is_readable(ids) and not is_readable(row)
    assert copy.tolist() == [[1, 2], [3, 4]]
