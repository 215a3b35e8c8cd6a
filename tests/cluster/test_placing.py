"""Which cells go to which worker: each once, or again after a misfortune, and never lost."""

from __future__ import annotations

import heapq

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dwlab.cluster.chunks import Chunk, GivenUp, Load, Misfortune
from dwlab.cluster.pace import Pace
from dwlab.cluster.placing import Placing

MODEL = ("model", "no adapters", (64, 64))
OTHER = ("other", "no adapters", (64, 64))


def loads(count: int, group: tuple[object, ...] = MODEL, first: int = 0) -> list[Load]:
    return [Load(first + number, group, 1.0) for number in range(count)]


def finish(placing: Placing, chunk: Chunk, seconds: float, load: float = 0.0) -> list[GivenUp]:
    for position in chunk.positions:
        placing.deliver(chunk.number, position)
    return placing.finish(chunk.number, seconds, load)


def warmed(placing: Placing, worker: str, rate: float = 1.0) -> None:
    """Let a worker finish its first chunk at so many seconds per unit."""
    chunk = placing.next_chunk(worker, 0.0)
    assert chunk is not None
    finish(placing, chunk, rate * chunk.cost)


def with_workers(placing: Placing, *names: str) -> Placing:
    for name in names:
        placing.join(name)
    return placing


def test_the_first_chunk_is_small_and_later_ones_last_as_long_as_asked() -> None:
    placing = with_workers(Placing(loads(10_000), pace=Pace(seconds=30, first=4)), "a")
    first = placing.next_chunk("a", 0.0)
    assert first is not None and len(first.loads) == 4
    finish(placing, first, seconds=2.0)
    second = placing.next_chunk("a", 2.0)
    assert second is not None and len(second.loads) == 60


def test_a_fast_worker_takes_more() -> None:
    placing = with_workers(Placing(loads(10_000)), "fast", "slow")
    warmed(placing, "fast", 0.5)
    warmed(placing, "slow", 2.0)
    fast = placing.next_chunk("fast", 0.0)
    slow = placing.next_chunk("slow", 0.0)
    assert fast is not None and slow is not None
    assert len(fast.loads) > 3 * len(slow.loads)


def test_chunks_get_smaller_towards_the_end() -> None:
    placing = with_workers(Placing(loads(100)), "a", "b")
    warmed(placing, "a")
    sizes = []
    while (chunk := placing.next_chunk("a", 0.0)) is not None:
        sizes.append(len(chunk.loads))
        finish(placing, chunk, chunk.cost)
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > 10 and sizes[-1] == 1


def test_one_chunk_waits_while_there_is_plenty_of_work_and_none_towards_the_end() -> None:
    placing = with_workers(Placing(loads(10_000)), "a")
    warmed(placing, "a")
    assert placing.next_chunk("a", 0.0) and placing.next_chunk("a", 0.0)
    assert placing.next_chunk("a", 0.0) is None
    short = with_workers(Placing(loads(20)), "a")
    warmed(short, "a")
    assert short.next_chunk("a", 0.0)
    assert short.next_chunk("a", 0.0) is None


def test_a_worker_stays_with_its_model() -> None:
    cells = [*loads(1000), *loads(1000, OTHER, first=1000)]
    placing = with_workers(Placing(cells), "a", "b")
    groups: dict[str, set[object]] = {"a": set(), "b": set()}
    for _ in range(8):
        chunks = {name: placing.next_chunk(name, 0.0) for name in groups}
        for name, chunk in chunks.items():
            assert chunk is not None
            groups[name].add(chunk.group)
            finish(placing, chunk, chunk.cost, load=10.0)
    assert {len(seen) for seen in groups.values()} == {1}
    assert groups["a"] != groups["b"]


def test_a_model_is_loaded_for_a_rest_only_if_that_pays() -> None:
    cells = [*loads(20), *loads(30, OTHER, first=20)]
    placing = with_workers(Placing(cells), "a", "b")
    first = placing.next_chunk("a", 0.0)
    other = placing.next_chunk("b", 0.0)
    assert first is not None and other is not None and first.group != other.group
    finish(placing, first, 100 + first.cost, load=100.0)
    finish(placing, other, 100 + other.cost, load=100.0)
    worker, idle = ("b", "a") if other.group == OTHER else ("a", "b")
    assert placing.next_chunk(worker, 0.0)
    while (chunk := placing.next_chunk(idle, 0.0)) is not None:
        assert chunk.group == MODEL
        finish(placing, chunk, chunk.cost)


def test_the_chunk_of_a_worker_that_dies_is_halved_and_the_waiting_one_is_not() -> None:
    placing = with_workers(Placing(loads(10_000)), "a")
    warmed(placing, "a")
    running = placing.next_chunk("a", 0.0)
    waiting = placing.next_chunk("a", 0.0)
    assert running is not None and waiting is not None
    assert placing.leave("a") == []
    with_workers(placing, "b", "c")
    again = [placing.next_chunk(name, 0.0) for name in ("b", "c", "b")]
    positions = [chunk.positions for chunk in again if chunk]
    middle = len(running.positions) // 2
    assert positions == [
        running.positions[:middle],
        running.positions[middle:],
        waiting.positions,
    ]


def killed_by(bad: set[int], count: int, *, helpers: int = 3) -> tuple[list[GivenUp], int, int]:
    """Run cells of which some end their worker; what is given up, made, and how many workers died."""
    placing = Placing(loads(count), pace=Pace(first=32))
    names = [f"worker {number}" for number in range(helpers)]
    with_workers(placing, *names)
    given_up: list[GivenUp] = []
    made = deaths = turns = 0
    while not placing.is_over:
        turns += 1
        assert turns < 100_000
        name = names[turns % helpers]
        chunk = placing.next_chunk(name, 0.0)
        if chunk is None:
            continue
        if bad & set(chunk.positions):
            deaths += 1
            given_up += placing.leave(name)
            placing.join(name)
        else:
            made += len(chunk.positions)
            given_up += finish(placing, chunk, chunk.cost)
    return given_up, made, deaths


def test_a_cell_that_ends_its_worker_is_tried_once_more_elsewhere_and_is_then_given_up() -> None:
    given_up, made, deaths = killed_by({37}, 200)
    assert [each.position for each in given_up] == [37]
    assert given_up[0].reason == "its worker died twice"
    assert made == 199
    assert deaths <= 7


def test_a_single_cell_is_tried_again_even_if_there_is_no_other_worker() -> None:
    given_up, made, deaths = killed_by({0}, 1, helpers=1)
    assert (len(given_up), made, deaths) == (1, 0, 2)


def test_cells_that_always_end_their_workers_do_not_end_worker_after_worker() -> None:
    given_up, made, deaths = killed_by(set(range(1000)), 1000, helpers=8)
    assert len(given_up) == 1000 and made == 0
    assert deaths <= 16
    assert "workers one after the other" in given_up[-1].reason


def test_a_place_where_every_chunk_comes_to_nothing_gets_no_more() -> None:
    placing = Placing(loads(1000))
    placing.join("good", "node 1")
    warmed(placing, "good")
    for number in range(3):
        placing.join(f"bad {number}", "node 2")
        assert placing.next_chunk(f"bad {number}", 0.0)
        placing.leave(f"bad {number}")
    placing.join("bad again", "node 2")
    assert placing.next_chunk("bad again", 0.0) is None
    assert placing.next_chunk("good", 0.0)


def test_what_ran_out_of_memory_alone_twice_has_that_status() -> None:
    placing = with_workers(Placing(loads(1)), "a", "b")
    misfortune = Misfortune("ran out of memory", "oom")
    for name in ("a", "b"):
        chunk = placing.next_chunk(name, 0.0)
        assert chunk is not None
        given_up = placing.fail(chunk.number, misfortune)
    assert [each.status for each in given_up] == ["oom"]


def test_half_of_a_chunk_that_takes_too_long_goes_to_an_idle_worker() -> None:
    placing = with_workers(Placing(loads(20)), "a", "b")
    warmed(placing, "a")
    slow = placing.next_chunk("a", 0.0)
    assert slow is not None and len(slow.loads) >= 2
    while (chunk := placing.next_chunk("b", 0.0)) is not None:
        finish(placing, chunk, chunk.cost)
    assert placing.next_chunk("b", 1.0) is None
    part = placing.next_chunk("b", 1000.0)
    assert part is not None and part.moved_from == slow.number
    assert part.positions == slow.positions[len(slow.positions) // 2 :]
    # whichever comes first counts, and the other does not
    assert placing.deliver(part.number, part.positions[0])
    assert not placing.deliver(slow.number, part.positions[0])


def test_a_part_of_a_late_chunk_whose_worker_left_is_an_ordinary_chunk_again() -> None:
    placing = with_workers(Placing(loads(20)), "a", "b")
    warmed(placing, "a")
    slow = placing.next_chunk("a", 0.0)
    assert slow is not None
    while (chunk := placing.next_chunk("b", 0.0)) is not None:
        finish(placing, chunk, chunk.cost)
    part = placing.next_chunk("b", 1000.0)
    assert part is not None and part.moved_from == slow.number
    placing.leave("b", is_blamed=False)
    # without the cells that were taken out of it
    for position in set(slow.positions) - set(part.positions):
        placing.deliver(slow.number, position)
    placing.finish(slow.number, 1001.0)
    again = placing.next_chunk("a", 1001.0)
    assert again is not None and again.positions == part.positions
    assert again.moved_from is None, "the late chunk is over"


def test_a_worker_without_a_sign_of_life_is_given_up_until_it_answers() -> None:
    pace = Pace(patience=(10.0, 100.0))
    placing = with_workers(Placing(loads(1000), pace=pace), "a", "b")
    warmed(placing, "a")
    chunk = placing.next_chunk("a", 0.0)
    assert chunk is not None
    assert placing.hanging(99.0) == []
    placing.sign("a", 99.0)
    late = 99.0 + 100.0 + 10 * chunk.cost
    assert placing.hanging(late) == []
    assert placing.hanging(late + 1) == [chunk.number]
    assert placing.hang(chunk.number) == []
    assert placing.next_chunk("a", late + 2) is None
    placing.welcome("a")
    assert placing.next_chunk("a", late + 3) is not None


def test_a_cell_that_is_not_wanted_any_more_is_not_given() -> None:
    placing = with_workers(Placing(loads(3)), "a")
    placing.drop(1)
    chunk = placing.next_chunk("a", 0.0)
    assert chunk is not None
    assert chunk.positions == (0, 2)
    placing.drop(0)
    placing.drop(2)
    assert placing.obsolete() == [chunk.number] and placing.is_over


def test_a_simulated_hour_on_eight_unequal_devices_leaves_none_idle_for_long() -> None:
    speeds = {f"worker {number}": 0.5 + number / 4 for number in range(8)}
    placing = with_workers(Placing(loads(8000)), *speeds)
    busy = dict.fromkeys(speeds, 0.0)
    now = 0.0
    ends: list[tuple[float, int, str, Chunk]] = []
    idle = set(speeds)
    while not placing.is_over:
        for name in sorted(idle):
            chunk = placing.next_chunk(name, now)
            if chunk is not None:
                idle.remove(name)
                seconds = chunk.cost * speeds[name]
                busy[name] += seconds
                heapq.heappush(ends, (now + seconds, chunk.number, name, chunk))
        now, _, name, chunk = heapq.heappop(ends)
        finish(placing, chunk, now)
        idle.add(name)
    assert min(busy.values()) > 0.97 * now


class Runs(RuleBasedStateMachine):
    """Anything may happen at any time; every cell is open, and held exactly once, until it ends."""

    def __init__(self) -> None:
        super().__init__()
        cells = [*loads(30), *loads(20, OTHER, first=30)]
        pace = Pace(first=8, patience=(1.0, 5.0), unknown=20.0, late=(1.0, 1.0))
        self.placing = Placing(cells, pace=pace)
        self.now = 0.0
        self.names = 0
        self.given: dict[int, tuple[str, Chunk]] = {}
        self.ended: dict[int, str] = {}

    def _end(self, given_up: list[GivenUp]) -> None:
        for each in given_up:
            assert each.position not in self.ended
            self.ended[each.position] = "given up"

    @rule()
    def join(self) -> None:
        self.names += 1
        self.placing.join(f"worker {self.names}", f"place {self.names % 3}")

    @precondition(lambda self: self.placing.workers)
    @rule(data=st.data())
    def take(self, data: st.DataObject) -> None:
        worker = data.draw(st.sampled_from(self.placing.workers))
        chunk = self.placing.next_chunk(worker, self.now)
        if chunk is not None:
            assert not set(chunk.positions) & set(self.ended)
            assert len({load.group for load in chunk.loads}) == 1
            self.given[chunk.number] = (worker, chunk)

    @precondition(lambda self: self.given)
    @rule(data=st.data(), share=st.floats(0, 1))
    def answer(self, data: st.DataObject, share: float) -> None:
        number = data.draw(st.sampled_from(sorted(self.given)))
        worker, chunk = self.given.pop(number)
        brought = chunk.positions[: round(share * len(chunk.positions))]
        for position in brought:
            is_new = self.placing.deliver(number, position)
            assert is_new == (position not in self.ended)
            if is_new:
                self.ended[position] = "made"
        self._end(self.placing.finish(number, self.now + 1.0))
        self.placing.welcome(worker)

    @precondition(lambda self: self.given)
    @rule(data=st.data())
    def fail(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.given)))
        del self.given[number]
        self._end(self.placing.fail(number, Misfortune("raised")))

    @precondition(lambda self: self.placing.workers)
    @rule(data=st.data(), is_blamed=st.booleans())
    def leave(self, data: st.DataObject, is_blamed: bool) -> None:
        worker = data.draw(st.sampled_from(self.placing.workers))
        self._end(self.placing.leave(worker, is_blamed=is_blamed))
        self.given = {number: given for number, given in self.given.items() if given[0] != worker}

    @rule(seconds=st.floats(0, 30))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        for number in self.placing.hanging(self.now):
            self._end(self.placing.hang(number))

    @rule(position=st.integers(0, 49))
    def drop(self, position: int) -> None:
        self.placing.drop(position)
        self.ended.setdefault(position, "dropped")

    @invariant()
    def every_open_cell_is_held_once(self) -> None:
        held = [position for _, _, cells in self.placing.running() for position in cells]
        held += self.placing.unplaced()
        assert sorted(held) == sorted(set(range(50)) - set(self.ended))

    def teardown(self) -> None:
        """Whatever happened, three workers without misfortune end it."""
        for worker in self.placing.workers:
            self._end(self.placing.leave(worker, is_blamed=False))
        with_workers(self.placing, "x", "y", "z")
        for _ in range(1000):
            for name in ("x", "y", "z"):
                chunk = self.placing.next_chunk(name, self.now)
                if chunk is not None:
                    self._end(finish(self.placing, chunk, self.now + 1.0))
        assert self.placing.is_over


TestRuns = Runs.TestCase
TestRuns.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
