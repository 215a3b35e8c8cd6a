"""A job's events as server-sent events, from a real server."""

from __future__ import annotations

LONG = {"steps": 150, "width": 128, "height": 128}


def without_previews(events):
    return [
        (number, kind, {k: v for k, v in data.items() if k != "preview"})
        for number, kind, data in events
    ]


def test_events_are_numbered_previewed_and_resumed_without_loss_or_repeat(server):
    job = server.ask("a red ring", seed=9, **LONG)["job_id"]
    head = server.events(job, stop=lambda events: len(events) >= 12)
    rest = server.events(job, last=head[-1][0])
    both = head + rest
    assert [event for _, event, _ in both] == ["started"] + ["step"] * 150 + ["done", "end"]
    assert len({number for number, _, _ in both}) == len(both)
    assert [data["step"] for _, event, data in both if event == "step"] == list(range(1, 151))
    assert any(data.get("preview", "").startswith("data:image/png;base64,") for _, _, data in both)
    assert (
        both[-1][2]["status"] == "completed"
        and both[-1][2]["image_url"] == both[-2][2]["image_url"]
    )
    assert server.events(job) == without_previews(both), (
        "a client that connects late misses only the previews"
    )
    assert server.events(job, last=both[-2][0]) == both[-1:], "the last event always arrives"
    assert server.events(job, last="end") == []
    assert [event[0] for event in server.events(job, last="of-another-run")] == [
        event[0] for event in both
    ]
    assert server.http.get("/api/events/none").status_code == 404
