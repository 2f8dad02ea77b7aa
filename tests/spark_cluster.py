"""A real standalone Spark cluster on loopback, from PySpark's own jars: one master, two workers of one core each."""

import json
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyspark

HERE = "127.0.0.1"
WORKERS = 2
PATIENCE = 120  # seconds a Java process may take to begin on a busy machine
# Small frames: planning and compiling cost more than the rows, and every shuffle a task a partition.
SETTINGS = {
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "2",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.constraintPropagation.enabled": "false",
    "spark.python.sql.dataFrameDebugging.enabled": "false",
    "spark.executor.memory": "700m",
    "spark.driver.memory": "1g",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.executor.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
}


@dataclass(frozen=True)
class Cluster:
    """Where the master listens and tells about itself, and the settings that a driver is to find in its environment."""

    master: str
    status: str
    conf: Path

    def told(self) -> dict[str, Any]:
        """What the master says of its workers and applications."""
        with urllib.request.urlopen(self.status, timeout=5) as answer:  # noqa: S310 - our own address
            found: dict[str, Any] = json.load(answer)
        return found


@contextmanager
def cluster(root: Path) -> Iterator[Cluster]:
    """Start a cluster, wait until both workers are there, and stop it."""
    conf = root / "conf"
    conf.mkdir(parents=True)
    (conf / "spark-defaults.conf").write_text("".join(f"{name} {value}\n" for name, value in SETTINGS.items()))
    port, page = free_port(), free_port()
    started = Cluster(f"spark://{HERE}:{port}", f"http://{HERE}:{page}/json/", conf)
    place = ["--host", HERE, "--webui-port"]
    with ExitStack() as running:
        master = [*place, str(page), "--port", str(port)]
        running.enter_context(_java("master.Master", master, root=root, name="master"))
        for number in range(WORKERS):
            folder = ["--cores", "1", "--memory", "800M", "--work-dir", str(root / f"work{number}")]
            worker = [*place, "0", *folder, started.master]
            running.enter_context(_java("worker.Worker", worker, root=root, name=f"worker{number}"))
        _await(started, root)
        yield started


def free_port() -> int:
    with socket.create_server((HERE, 0)) as found:
        return int(found.getsockname()[1])


@contextmanager
def _java(part: str, words: list[str], *, root: Path, name: str) -> Iterator[None]:
    home = Path(pyspark.__file__).parent
    environment = os.environ | {
        "SPARK_HOME": str(home),
        "SPARK_CONF_DIR": str(root / "conf"),
        "SPARK_LOCAL_IP": HERE,
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_DAEMON_JAVA_OPTS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    }
    command = [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{part}", *words]
    with (root / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _await(started: Cluster, root: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if started.told()["aliveworkers"] == WORKERS:
                return
        except (OSError, ValueError):  # not there yet, or there without what it tells: then it answers with a page
            pass
        time.sleep(0.2)
    logs = "\n".join(path.read_text(errors="replace")[-1000:] for path in sorted(root.glob("*.log")))
    message = f"the cluster did not begin:\n{logs}"
    raise AssertionError(message)
