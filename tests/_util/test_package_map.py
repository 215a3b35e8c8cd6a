"""The map of packages has what Python's has."""

from __future__ import annotations

import importlib.metadata

from dwlab._util.package_map import PackageMap


def test_each_package_is_brought_by_the_same_distributions():
    expected = importlib.metadata.packages_distributions()
    packages = PackageMap()
    assert {name: sorted(packages[name]) for name in expected} == {
        name: sorted(names) for name, names in expected.items()
    }
    assert packages.get("no_such_package") is None
    assert "torch" in packages


def test_distributions_without_a_list_of_files_are_found_too(tmp_path, monkeypatch):
    declared = tmp_path / "some_dist-1.dist-info"
    declared.mkdir()
    (declared / "METADATA").write_text("Metadata-Version: 2.1\nName: Some.Dist\nVersion: 1\n")
    (declared / "top_level.txt").write_text("first_package\nsecond_package\n")
    bare = tmp_path / "bare-1.dist-info"
    bare.mkdir()
    (bare / "METADATA").write_text("Metadata-Version: 2.1\nName: bare\nVersion: 1\n")
    recorded = tmp_path / "recorded-1.dist-info"
    recorded.mkdir()
    (recorded / "METADATA").write_text("Metadata-Version: 2.1\nName: recorded\nVersion: 1\n")
    (recorded / "RECORD").write_text(
        'third_package/part.py,sha256=x,3\n"third_package/a,b.txt",,\nalone.py,,\n../../bin/tool,,\n'
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    packages = PackageMap()
    assert packages["first_package"] == packages["second_package"] == ["Some.Dist"]
    assert packages["third_package"] == packages["alone"] == ["recorded"]
    assert ".." not in packages
