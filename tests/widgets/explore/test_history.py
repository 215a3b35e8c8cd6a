"""The history of the prompt bench: older, pinned and hidden pictures."""

from widgets.explore.bench_use import ask, wait

from dwlab.widgets.explore import explorer


def test_older_pictures_are_shown_page_by_page(bench, monkeypatch):
    monkeypatch.setattr(explorer, "PAGE", 2)
    bench._history.limit = 2
    bench.controls = {**bench.controls, "count": 5, "steps": 1}
    ask(bench, "run")
    wait(bench)
    oldest = bench.strip[-1]["key"]
    assert (len(bench.strip), bench.older) == (2, True)
    ask(bench, "mark", key=bench.strip[0]["key"], mark="pin", value=1)
    assert len(bench.strip) == 3  # what is pinned takes no place
    ask(bench, "older")
    assert (len(bench.strip), bench.older) == (5, False)
    assert [entry["text"].partition("seed ")[2][0] for entry in bench.strip] == [
        "5",
        "4",
        "3",
        "2",
        "1",
    ]
    ask(bench, "mark", key=oldest, mark="hide", value=1)
    ask(bench, "restore", key=oldest)  # hidden, and still there
    assert bench.params.seed == 4


def test_a_hidden_picture_that_is_made_again_is_shown_again(bench):
    for seed in (1, 2):
        ask(bench, "run", controls={"seed": seed})  # the fields travel with what is made of them
        wait(bench)
    first = bench.strip[1]["key"]
    ask(bench, "mark", key=first, mark="hide", value=1)
    assert len(bench.strip) == 1
    ask(bench, "run", controls={"seed": 1})
    wait(bench)
    assert bench.strip[0]["key"] == first
    assert bench.status["text"] == "Made before; taken from the store."
