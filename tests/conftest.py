"""What tests of several packages stand on: a Spark cluster, a PostgreSQL and a provider, started by the first that asks.

And how the files are shared out over two processes: the longest first, so that both end together.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from oidc_provider import OidcProvider
from postgres_server import Postgres
from spark_cluster import Cluster, cluster
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from pipelines.engine_by_name import opened
from pipelines.engines import Engine

settings.register_profile("untimed", deadline=None)  # no test asserts how long anything took
settings.load_profile("untimed")

HERE = Path(__file__).parent
MAIN = sys.modules["__main__"]
if not hasattr(MAIN, "__file__"):
    MAIN.__file__ = __file__  # or else PySpark takes a worker of pytest-xdist for a run of doctests, and ends it

ON_SPARK = ("features/test_engines.py", "pipelines/test_spark.py")
LONGEST = (
    "service/test_every_page.py",
    *ON_SPARK,
    "service/test_every_answer.py",
    "pipelines/test_kept.py",
    "pipelines/test_weekly.py",
    "models/test_registry.py",
    "pipelines/test_promoting.py",
    "pipelines/test_papers.py",
    "pipelines/test_simulate.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files; the others keep their order."""
    place = {HERE / name: number for number, name in enumerate(LONGEST)}
    missing = [str(path) for path in place if not path.exists()]
    if missing:
        message = f"not there, but in LONGEST in {__file__}: {missing}"
        raise pytest.UsageError(message)
    items.sort(key=lambda item: place.get(item.path, len(place)))


class _ByFile(LoadFileScheduling):
    """A file is one process's, and what runs on Spark too: a cluster each would cost more than the tests on it."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "spark" if file.endswith(ON_SPARK) else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """Share out by file, as `_ByFile` does."""
    return _ByFile(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The cluster."""
    with cluster(tmp_path_factory.mktemp("spark")) as started:
        yield started


@pytest.fixture(scope="session")
def spark(running: Cluster) -> Iterator[Engine]:
    """The engine that counts on the cluster, in a session with it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_CONF_DIR", str(running.conf))
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        with opened("spark", master=running.master) as engine:
            yield engine


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The server; ask it for a database of your own."""
    server = Postgres()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def elsewhere() -> Iterator[OidcProvider]:
    """A provider of identities that is not ours."""
    provider = OidcProvider()
    provider.start()
    yield provider
    provider.stop()
