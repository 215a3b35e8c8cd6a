"""Start pictures over HTTP: sent in a form, as a file or in base64, bounded, and named by their hash."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image
from served import SMALL, Served

import dwlab
from dwlab.pictures.png import pixel_hash


def picture(colour=(200, 30, 30), size=(64, 64)):
    return Image.new("RGB", size, colour)


def file_of(image, form="PNG"):
    buffer = io.BytesIO()
    image.save(buffer, form)
    return buffer.getvalue()


def name_of(image):
    return f"sha256:{pixel_hash(image)}"


def send(server, data, kind="image/png"):
    return server.http.post("/api/inputs", content=data, headers={"Content-Type": kind})


def test_a_picture_is_stored_under_the_hash_of_its_pixels_however_it_is_sent(server):
    data = file_of(picture())
    text = base64.b64encode(data).decode()
    answers = [
        send(server, data),
        server.http.post("/api/inputs", files={"image": ("../../x.png", data, "text/html")}),
        server.http.post("/api/inputs", json={"image": text}),
        server.http.post("/api/inputs", json={"image": f"data:image/png;base64,{text}"}),
    ]
    for answer in answers:
        assert answer.status_code == 201, answer.text
        assert answer.json() == {"image": name_of(picture()), "width": 64, "height": 64}
    stored = server.results / "inputs" / f"{pixel_hash(picture())}.png"
    assert stored.is_file()


@pytest.mark.parametrize(("form", "kind"), [("JPEG", "image/jpeg"), ("WEBP", "image/webp")])
def test_other_formats_are_read_too(server, form, kind):
    answer = send(server, file_of(picture(), form), kind)
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    ("content", "kind", "status", "words"),
    [
        (b"", "image/png", 422, "a PNG, JPEG or WebP"),
        (b"GIF89a not a picture", "image/png", 422, "a PNG, JPEG or WebP"),
        (file_of(picture())[:60], "image/png", 422, "broken"),
        (b"<svg/>", "image/svg+xml", 415, "image/png"),
        (b'{"image": 7}', "application/json", 422, "in base64"),
        (b'{"image": "***"}', "application/json", 422, "in base64"),
        (b'{"image": "/etc/passwd"}', "application/json", 422, "PNG, JPEG or WebP"),
        (b'{"url": "http://localhost/x.png"}', "application/json", 422, "a map with image"),
        (b"--x\r\n\r\n--x--", "multipart/form-data; boundary=x", 400, None),
    ],
)  # fmt: skip
def test_what_is_not_a_picture_is_refused_in_words(server, content, kind, status, words):
    answer = send(server, content, kind)
    assert answer.status_code == status, answer.text
    assert words is None or words in answer.json()["detail"], answer.text


def test_a_form_without_the_file_or_with_two_is_refused(server):
    data = file_of(picture())
    other = server.http.post("/api/inputs", files={"picture": ("x.png", data)})
    assert other.status_code == 422, other.text
    assert other.json()["field"] == "image"
    two = server.http.post("/api/inputs", files=[("image", data), ("image", data)])
    assert two.status_code == 400, two.text


def test_a_picture_to_start_from_makes_the_picture_that_dwlab_makes(server):
    start = picture((30, 30, 200))
    name = send(server, file_of(start)).json()["image"]
    job = server.ask(image=name, strength=0.5, steps=4, seed=3)
    status = server.wait(job["job_id"])
    assert status["status"] == "completed", status
    made = Image.open(io.BytesIO(server.http.get(status["image_url"]).content))
    own = dwlab.generate("a red circle", image=start, strength=0.5, seed=3, **{**SMALL, "steps": 4})
    assert pixel_hash(made) == pixel_hash(own.image)
    assert status["parameters"]["image"] == name
    assert status["progress"]["steps"] == 2


def test_a_sweep_takes_start_pictures_by_their_names(server):
    names = [send(server, file_of(picture((k, 90, 9)))).json()["image"] for k in (1, 2)]
    body = {
        "name": "starts",
        "base": {"prompt": "a red circle", **SMALL, "strength": 0.5},
        "axes": {"image": names},
        "metrics": [],
    }
    answer = server.http.post("/api/sweeps", json=body)
    assert answer.status_code == 202, answer.text
    assert server.wait(answer.json()["job_id"])["status"] == "completed"


@pytest.mark.parametrize(
    "value",
    [
        "/etc/passwd",
        "inputs/../dwlab.sqlite",
        "http://localhost/x.png",
        "sha256:../../x",
        f"sha256:{'0' * 64}",
        "",
        "x" * 101,
    ],
)
def test_a_picture_is_named_by_the_hash_of_a_stored_one_and_by_nothing_else(server, value):
    answer = server.http.post("/api/generate", json={"prompt": "a", "image": value})
    assert answer.status_code == 422, answer.text
    assert answer.json()["field"] == "image"
    for part in ({"base": {"prompt": "a", "image": value}}, {"axes": {"image": [value]}}):
        body = {"name": "trial", "base": {"prompt": "a"}, **part}
        answer = server.http.post("/api/sweeps", json=body)
        assert answer.status_code == 422, answer.text
        assert "image" in answer.json()["field"]


@pytest.mark.parametrize("form", ["folder", "glob"])
def test_a_sweep_from_the_network_names_no_folder_of_pictures(server, form):
    body = {"name": "trial", "base": {"prompt": "a"}, "axes": {"image": {form: "/etc"}}}
    answer = server.http.post("/api/sweeps", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["field"] == "axes.image"


def test_a_value_that_needs_a_picture_is_refused_without_one(server):
    answer = server.http.post("/api/generate", json={"prompt": "a", "strength": 0.5})
    assert answer.status_code == 422, answer.text
    assert answer.json()["field"] == "strength"


def test_files_pixels_and_all_pictures_together_are_limited(tmp_path):
    limits = {"DWLAB_UPLOAD_MB": 0.02, "DWLAB_UPLOAD_PIXELS": 10_000, "DWLAB_UPLOADS_MB": 0.0001}
    settings = {name.removeprefix("DWLAB_").lower(): value for name, value in limits.items()}
    with Served(tmp_path, ready=False, **settings) as server:
        many_pixels = send(server, file_of(picture(size=(101, 100))))
        assert many_pixels.status_code == 422
        assert "10,000 pixels" in many_pixels.json()["detail"]
        noise = Image.effect_noise((99, 99), 90).convert("RGB")
        large = send(server, file_of(noise))
        assert large.status_code == 422
        assert "20,000 bytes" in large.json()["detail"]
        assert send(server, b"x" * 600_000).status_code == 413
        first, again, second = (
            send(server, file_of(picture((k, 0, 0)))).status_code for k in (1, 1, 2)
        )
        assert (first, again, second) == (201, 201, 507)
