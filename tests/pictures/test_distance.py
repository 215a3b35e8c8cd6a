"""The distance of two pictures."""

from __future__ import annotations

from PIL import Image

from dwlab.pictures.distance import distance


def test_a_picture_is_identical_to_itself():
    image = Image.new("RGB", (4, 2), (10, 20, 30))
    assert str(distance(image, image)) == "identical"


def test_the_distance_counts_all_values_of_all_pixels():
    first = Image.new("RGB", (4, 2), (10, 20, 30))
    second = first.copy()
    second.putpixel((0, 0), (10, 20, 54))
    second.putpixel((1, 0), (11, 20, 30))
    measured = distance(first, second)
    assert (measured.mean, measured.largest, measured.share) == (25 / 24, 24, 1 / 24)


def test_pictures_of_different_sizes_have_no_distance():
    assert distance(Image.new("RGB", (4, 2)), Image.new("RGB", (2, 4))) is None
