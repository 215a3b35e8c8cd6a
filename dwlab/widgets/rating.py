"""The rating view in a notebook: blind pairs of a sweep's pictures, and votes on them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from .. import rating
from ..errors import DwlabError
from ..views.design import style_of
from .heartbeat import SCRIPT, connect

if TYPE_CHECKING:
    from ..rating.session import RatingSession

HERE = Path(__file__).parent
VIEW = Path(rating.__file__).parent


class RatingWidget(anywidget.AnyWidget):
    """Puts pairs of pictures before a rater. rater: the name that the view begins with."""

    # the view is the one of the page of `dwlab rate`
    _esm = "\n".join(
        [SCRIPT, (VIEW / "view.js").read_text("utf-8"), (HERE / "rating.js").read_text("utf-8")]
    )
    _css = style_of(VIEW / "view.css", HERE / "rating.css")
    rater = traitlets.Unicode().tag(sync=True)

    def __init__(self, session: RatingSession, rater: str) -> None:
        super().__init__(rater=rater)
        self._session = session
        connect(self)
        self.on_msg(self._heard)

    def __repr__(self) -> str:
        return f"RatingWidget({self._session.experiment!r}, rater={self.rater!r})"

    def close(self) -> None:
        """End the widget and its session."""
        self._session.close()
        super().close()

    def _heard(self, _widget: object, content: object, _buffers: object) -> None:
        """Answer a page's question under the number that it has there."""
        if not isinstance(content, dict) or "ask" not in content:
            return
        number = {"number": content.get("number")}
        try:
            if content["ask"] == "picture":
                picture = self._session.picture(str(content.get("pair")), str(content.get("side")))
                self.send({**number, "missing": picture is None}, [picture or b""])
            else:
                self.send({**number, "state": self._state(content)})
        except DwlabError as error:
            self.send({**number, "error": str(error)})

    def _state(self, content: dict[str, Any]) -> dict[str, object]:
        """The state after what a page asks for."""
        rater, pair = content.get("rater", ""), str(content.get("pair"))
        if content["ask"] == "vote":
            return self._session.vote(rater, pair, str(content.get("choice"))).as_dict()
        if content["ask"] == "undo":
            return self._session.take_back(rater, pair).as_dict()
        return self._session.state(rater).as_dict()
