"""What a page asks about the history: its runs, entries and thumbnails, part by part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .explorer import Explorer

    Answer = tuple[dict[str, Any], bytes]


class HistoryAnswers:
    """Answers questions of pages about the history, with the bytes that go with an answer."""

    def __init__(self, bench: Explorer) -> None:
        self._bench = bench

    def answer(self, subject: str, arguments: Mapping[str, Any]) -> Answer:
        """Answer a question about the history; raises InvalidInput for any other.

        An answer says which order of pictures it is about: a page may still show another one.
        """
        if subject == "history_thumbnails":
            return self._thumbnails(arguments["keys"], arguments["side"])
        history = self._bench.gallery
        with history.listing_stays:
            return {
                "order": self._bench.listing.get("order"),
                **self._listed(subject, arguments),
            }, b""

    def _listed(self, subject: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What is listed now, or a part of it."""
        history = self._bench.gallery
        match subject:
            case "history_runs":
                runs = history.runs() if self._bench.view["by_run"] else []
                place = history.place(arguments.get("key"))
                return {"runs": runs, "place": place, "count": self._bench.listing["count"]}
            case "history_entries":
                return {"entries": history.entries(arguments["start"], arguments["end"])}
            case "history_keys":
                return {"keys": history.keys(arguments.get("first"), arguments.get("last"))}
        allowed = "full, recipe, prompts, save_prompt, or about the history"
        raise InvalidInput("ask", subject, allowed)

    def _thumbnails(self, keys: list[str], side: int) -> Answer:
        """The JPEGs one after the other, with the bytes of each; 0 for a picture that is gone."""
        jpegs = self._bench.gallery.thumbnails(keys, side)
        return {"bytes": [len(jpeg) for jpeg in jpegs]}, b"".join(jpegs)
