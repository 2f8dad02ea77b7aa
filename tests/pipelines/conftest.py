"""The small world, trained once for every test that needs a model. Do not change it: copy its folder first."""

import pytest
from small_world import PLAN, SMALL, World, region

from pipelines.home import Home
from pipelines.train import train


@pytest.fixture(scope="session")
def small_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The world before anything was trained; `small` trains in the same place."""
    return region(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def small(small_home: Home) -> World:
    """The world after one training."""
    said: list[str] = []
    result = train(small_home, plan=PLAN, settings=SMALL, progress=lambda text, _done, _total: said.append(text))
    return World(small_home, said, result)
