"""What tests of several packages stand on: a Spark cluster, a PostgreSQL and a provider, started by the first that asks."""

import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings
from oidc_provider import OidcProvider
from postgres_server import Postgres
from spark_cluster import Cluster, cluster

from pipelines.engine_by_name import opened
from pipelines.engines import Engine

settings.register_profile("untimed", deadline=None)  # no test asserts how long anything took
settings.load_profile("untimed")

MAIN = sys.modules["__main__"]
if not hasattr(MAIN, "__file__"):
    MAIN.__file__ = __file__  # or else PySpark takes a worker of pytest-xdist for a run of doctests, and ends it


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
