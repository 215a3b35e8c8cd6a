"""Only whole pictures of the results folder are served."""

from __future__ import annotations

import io
import shutil

import pytest
from PIL import Image
from served import SMALL

from dwlab.store.store import Store


def test_a_picture_damaged_on_disk_is_not_served_and_is_made_again_on_request(server):
    done = server.wait(server.ask(seed=61)["job_id"])
    path = server.results / done["image_url"].removeprefix("/")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert server.http.get(done["image_url"]).status_code == 404
    again = server.ask(seed=61)
    assert again["status"] == "queued", "a damaged picture counts as missing"
    picture = server.http.get(server.wait(again["job_id"])["image_url"])
    assert picture.status_code == 200 and Image.open(io.BytesIO(picture.content)).size == (64, 64)


@pytest.mark.parametrize(
    "path",
    [
        "00/x.png",
        "..%2f/dwlab.sqlite",
        "aa/../../dwlab.sqlite",
        f"aa/{'b' * 64}.png",
        f"aa/{'a' * 64}",
    ],
)
def test_a_path_that_names_no_picture_is_not_found(server, path):
    assert server.http.get(f"/images/{path}").status_code == 404


def test_a_link_that_leads_out_of_the_folder_of_pictures_is_not_served(server, tmp_path):
    url = server.wait(server.ask(seed=31)["job_id"])["image_url"]
    path = server.results / url.removeprefix("/")
    outside = tmp_path / path.name
    shutil.move(path, outside)
    assert server.http.get(url).status_code == 404
    path.symlink_to(outside)
    assert server.http.get(url).status_code == 404, "the same bytes, but elsewhere"
    path.unlink()
    within = server.results / "images" / "kept.png"
    shutil.move(outside, within)
    path.symlink_to(within)
    assert server.http.get(url).status_code == 200, "a link to another picture of the folder"
    path.unlink()
    shutil.move(within, path)
    assert server.http.get(url).status_code == 200


def test_a_folder_of_pictures_that_is_a_link_to_elsewhere_is_not_served(server, tmp_path):
    url = server.wait(server.ask(seed=32)["job_id"])["image_url"]
    folder = (server.results / url.removeprefix("/")).parent
    shutil.move(folder, tmp_path / folder.name)
    folder.symlink_to(tmp_path / folder.name)
    assert server.http.get(url).status_code == 404
    folder.unlink()
    shutil.move(tmp_path / folder.name, folder)


def test_a_circular_link_is_not_served(server):
    url = f"/images/aa/{'a' * 64}.png"
    path = server.results / url.removeprefix("/")
    path.parent.mkdir(exist_ok=True)
    path.symlink_to(path)
    assert server.http.get(url).status_code == 404
    path.unlink()


def test_the_owner_may_keep_all_pictures_on_another_disk(server, tmp_path):
    url = server.wait(server.ask(seed=33)["job_id"])["image_url"]
    images = server.results / "images"
    shutil.move(images, tmp_path / "disk")
    images.symlink_to(tmp_path / "disk")
    assert server.http.get(url).status_code == 200
    images.unlink()
    shutil.move(tmp_path / "disk", images)


def test_a_picture_is_removed_on_request_and_made_again_if_it_is_asked_for(server):
    url = server.wait(server.ask(seed=71)["job_id"])["image_url"]
    assert server.http.delete(f"/api{url}").status_code == 204
    assert server.http.get(url).status_code == 404
    assert server.http.delete(f"/api{url}").status_code == 404
    assert server.ask(seed=71)["status"] == "queued"


@pytest.mark.parametrize(
    "path",
    [
        "aa/x.png",
        f"bb/{'a' * 64}.png",
        f"aa/{'A' * 64}.png",
        f"aa/{'a' * 64}.png%0a",
        "..%2f/dwlab.sqlite",
        "../dwlab.sqlite",
        "%2e%2e/dwlab.sqlite",
        f"..%2fapi/{'a' * 64}.png",
    ],
)
def test_nothing_is_removed_that_is_not_the_name_of_a_picture(server, path):
    assert server.http.delete(f"/api/images/{path}").status_code == 404


def test_a_picture_of_a_sweep_is_not_removed_and_the_answer_says_why(server):
    spec = {"name": "kept", "base": {"prompt": "a red circle", **SMALL}, "axes": {"seed": [72]}}
    done = server.wait(server.http.post("/api/sweeps", json=spec).json()["job_id"])
    (url,) = done["images"]
    swept = server.http.delete(f"/api{url}")
    assert swept.status_code == 409 and "not made on request" in swept.json()["detail"]
    assert server.ask(seed=72)["status"] == "completed"
    both = server.http.delete(f"/api{url}")
    assert both.status_code == 409 and "part of a sweep" in both.json()["detail"]
    assert server.http.get(url).status_code == 200


def test_a_picture_with_a_star_is_not_removed_until_it_is_taken_back(server):
    url = server.wait(server.ask(seed=73)["job_id"])["image_url"]
    with Store(server.results) as store:
        (key,) = [row["key"] for row in store.cells.rows("api") if f"/{row['image']}" == url]
        store.history.set_mark(key, "stars", 2)
        starred = server.http.delete(f"/api{url}")
        assert starred.status_code == 409 and "star" in starred.json()["detail"]
        assert server.http.get(url).status_code == 200
        store.history.set_mark(key, "stars", 0)
    assert server.http.delete(f"/api{url}").status_code == 204


def test_a_picture_that_a_link_keeps_elsewhere_is_not_removed(server, tmp_path):
    url = server.wait(server.ask(seed=74)["job_id"])["image_url"]
    folder = (server.results / url.removeprefix("/")).parent
    shutil.move(folder, tmp_path / folder.name)
    folder.symlink_to(tmp_path / folder.name)
    assert server.http.delete(f"/api{url}").status_code == 404
    folder.unlink()
    shutil.move(tmp_path / folder.name, folder)
    assert server.http.get(url).status_code == 200
