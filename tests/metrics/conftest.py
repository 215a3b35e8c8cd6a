import pytest
import tiny_clips


@pytest.fixture(scope="session")
def clip_folders(tmp_path_factory):
    """A folder with a tiny network of each kind, by kind."""
    root = tmp_path_factory.mktemp("clips")
    return {kind: tiny_clips.save(root / kind, kind) for kind in tiny_clips.KINDS}
