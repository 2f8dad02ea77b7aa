"""What tests of several packages stand on: one Spark cluster and one PostgreSQL, started by the first that asks for them."""

from collections.abc import Iterator

import pytest
from postgres_server import Postgres
from spark_cluster import Cluster, cluster

from pipelines.engine_by_name import opened
from pipelines.engines import Engine


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
