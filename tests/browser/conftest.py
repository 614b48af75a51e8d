"""One installation and one browser for all that these tests look at."""

from collections.abc import Iterator

import pytest

from tests.browser.place import CHROMIUM, Place, place


@pytest.fixture(scope="session")
def made_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    if not CHROMIUM:
        pytest.skip("no Chromium here: apt install chromium")
    with place(tmp_path_factory.mktemp("make-run")) as running:
        yield running


@pytest.fixture
def here(made_run: Place) -> Iterator[Place]:
    """The installation; a page that asked somebody else for something, or complained, fails the test."""
    made_run.strange.clear()
    yield made_run
    assert made_run.strange == []
