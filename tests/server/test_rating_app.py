"""The page of `dwlab rate` answers this machine only, and tells nothing of how pictures were made."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from rated_folders import rated_folder

from dwlab.rating.session import RatingSession
from dwlab.server.rating.app import make_rating_app
from dwlab.server.settings import ServerSettings
from dwlab.store.store import Store

HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture
def root(tmp_path):
    return rated_folder(tmp_path / "results")


@pytest.fixture
def client(root):
    app = make_rating_app(RatingSession(root, "rated"), ServerSettings(token=None), HOSTILE)
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        yield client


def ask(client, action="state", **body):
    return client.post(f"/api/{action}", json={"rater": "ada", **body})


def test_a_vote_is_entered_and_taken_back(client):
    pair = ask(client).json()["pairs"][0]["id"]
    assert ask(client, "vote", pair=pair, choice="left").json()["votes"] == 1
    undone = ask(client, "undo", pair=pair).json()
    assert (undone["votes"], undone["pairs"][0]["id"]) == (0, pair)


def test_nothing_that_is_sent_names_a_setting_a_key_or_a_file(client, root):
    with Store(root, read=True) as store:
        rows = store.cells.rows()
    secrets = [row["key"].encode() for row in rows]
    secrets += [row["image"].rpartition("/")[2].removesuffix(".png").encode() for row in rows]
    secrets += [b"steps", b"guidance", b"DDIM", b"parameters"]
    answers = [ask(client), client.get("/"), client.get("/view.js")]
    for pair in answers[0].json()["pairs"]:
        answers += [client.get(f"/pictures/{pair['id']}/{side}") for side in ("left", "right")]
    for answer in answers:
        assert answer.status_code == 200
        sent = answer.content + str(answer.headers).encode()
        assert [secret for secret in secrets if secret in sent] == []


def test_a_rater_s_name_is_text_on_the_page(client):
    page = client.get("/")
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"


def test_other_hosts_and_other_sites_are_refused(client):
    assert client.get("/", headers={"Host": "example.com"}).status_code == 403
    cross = client.post(
        "/api/state", json={"rater": "ada"}, headers={"Origin": "http://example.com"}
    )
    assert cross.status_code == 403
    as_text = {"Content-Type": "text/plain"}
    assert client.post("/api/state", content='{"rater": "ada"}', headers=as_text).status_code == 415


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("state", {"rater": ""}),
        ("state", {"rater": "a" * 500}),
        ("state", {"rater": "a\nb"}),
        ("state", {"rater": 7}),
        ("vote", {"rater": "ada", "pair": "x", "choice": "best"}),
        ("vote", {"rater": "ada", "pair": "x" * 100, "choice": "left"}),
        ("vote", {"rater": "ada", "pair": "x", "choice": "left", "more": 1}),
        ("undo", {"rater": "ada"}),
    ],
)
def test_a_request_with_anything_else_is_refused_in_words(client, action, body):
    answer = client.post(f"/api/{action}", json=body)
    assert answer.status_code == 422
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    "path",
    ["/pictures/none/left", "/pictures/none/..%2f", "/docs", "/openapi.json", "/images/aa/b.png"],
)
def test_there_is_nothing_else(client, path):
    assert client.get(path).status_code == 404


def test_a_token_that_is_set_is_required(root):
    settings = ServerSettings(token="a-secret-of-this-test")
    with TestClient(
        make_rating_app(RatingSession(root, "rated"), settings, "ada"), base_url="http://127.0.0.1"
    ) as client:
        assert ask(client).status_code == 401
        bearer = {"Authorization": "Bearer a-secret-of-this-test"}
        assert client.post("/api/state", json={"rater": "ada"}, headers=bearer).status_code == 200
