from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.browser import chromium, missing
from tests.cinedub import dataset_of


@pytest.fixture(scope="module")  # Playwright's event loop runs while it lives, and would be in the way of every other test's
def browser() -> Iterator[Any]:
    if why := missing():
        pytest.skip(why)
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CINEDUB_CACHE", str(tmp_path_factory.mktemp("cache")))
        return dataset_of.write(tmp_path_factory.mktemp("browser") / "out")
