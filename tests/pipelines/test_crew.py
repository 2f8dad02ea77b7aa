"""Work is shared out over processes, and comes back in the order in which it was asked."""

import gc
import os
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from data_contracts.errors import StorageError
from features.cores import allowed
from pipelines import beside
from pipelines.crew import ALONE, COLLECTED_EVERY, THREADS, Crew, crew_of, polars_threads, shared_out


def slow_square(number: int) -> tuple[int, int]:
    """The square, and who worked it out."""
    time.sleep(0.05)
    return number * number, os.getpid()


def end_if_beside(here: int) -> str:
    """End any process but `here`, as a system does that has no memory left."""
    if os.getpid() != here:
        os._exit(9)
    time.sleep(0.05)
    return "done"


def wait_for(met: Path, mine: Path) -> None:
    """Say that this is at work, and work until the other is too."""
    mine.touch()
    for _ in range(600):
        if met.exists():
            return
        time.sleep(0.05)
    raise TimeoutError


def test_results_keep_the_order_of_the_jobs_and_each_is_told():
    told: list[int] = []
    with crew_of(2) as crew:
        made = crew.work(slow_square, [(number,) for number in range(6)], done=told.append)
    assert [square for square, _ in made] == [0, 1, 4, 9, 16, 25]
    assert sorted(told) == list(range(6))


def test_two_processes_work_at_the_same_time(tmp_path: Path):
    one, other = tmp_path / "one", tmp_path / "other"
    with crew_of(2) as crew:
        crew.work(wait_for, [(one, other), (other, one)])


def test_alone_everything_is_done_here():
    made = ALONE.work(slow_square, [(1,), (2,)])
    assert made == [(1, os.getpid()), (4, os.getpid())]
    with crew_of(1) as crew:
        assert crew is ALONE


def test_a_process_that_the_system_ends_is_told_with_a_remedy():
    with crew_of(2) as crew, pytest.raises(StorageError, match="geheugen"):
        crew.work(end_if_beside, [(os.getpid(),)] * 200)


def where(_number: int) -> tuple[int, list[frozenset[int]]]:
    """Who works, and where each of its threads may, the engine's too."""
    pl.DataFrame({"a": [1, 2]}).sort("a")
    time.sleep(0.05)
    return os.getpid(), [
        frozenset(os.sched_getaffinity(int(thread.name))) for thread in Path("/proc/self/task").iterdir()
    ]


@pytest.mark.skipif(len(allowed()) < 2, reason="there is one core, or no say in which")
def test_of_two_processes_on_two_cores_each_stays_on_its_own(monkeypatch: pytest.MonkeyPatch):
    two, every = frozenset(sorted(allowed())[:2]), allowed()
    monkeypatch.setattr("pipelines.crew.allowed", lambda: two)
    with crew_of(2) as crew:
        made = crew.work(where, [(number,) for number in range(20)])
    at = {who: {cores for one, threads in made if one == who for cores in threads} for who, _ in made}
    assert sorted(map(list, frozenset.union(*map(frozenset, at.values())))) == [[core] for core in sorted(two)]
    assert [len(cores) for cores in at.values()] == [1, 1]
    threads = [int(thread.name) for thread in Path("/proc/self/task").iterdir()]
    assert {frozenset(os.sched_getaffinity(thread)) for thread in threads} == {every}  # and anywhere again afterwards


def test_an_error_stops_the_work():
    tried: list[int] = []

    def fail(number: int) -> None:
        tried.append(number)
        raise ValueError(number)

    with pytest.raises(ValueError, match="1"):
        Crew().work(fail, [(1,), (2,)])
    assert tried == [1]


def test_each_process_gets_its_share_of_the_cores_unless_the_user_says_otherwise(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(THREADS, raising=False)
    with crew_of(2) as crew:
        cores = os.cpu_count() or 1
        assert crew.work(os.getenv, [(THREADS,)] * 4) == [str(max(1, cores // 2))] * 4
    assert THREADS not in os.environ
    monkeypatch.setenv(THREADS, "7")
    with crew_of(2) as crew:
        assert crew.work(os.getenv, [(THREADS,)] * 4) == ["7"] * 4


def test_what_is_shared_out_is_of_about_the_same_size_and_nothing_is_lost():
    sizes = [9, 7, 6, 5, 4, 3, 2, 1, 1]
    parts = shared_out(sizes, 3, size=float)
    assert sorted(size for part in parts for size in part) == sorted(sizes)
    assert [sum(part) for part in parts] == [13, 13, 12]
    assert shared_out([5], 4, size=float) == [[5]]
    assert shared_out([], 4, size=float) == []


def test_python_looks_for_circles_as_often_as_before_when_the_work_is_done():
    before = gc.get_threshold()
    with crew_of(2) as crew:
        assert crew.work(gc.get_threshold, [()] * 4) == [(COLLECTED_EVERY, *before[1:])] * 4
    assert gc.get_threshold() == before


def test_the_batch_beside_a_service_keeps_the_settings_from_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(THREADS, raising=False)
    said = tmp_path / "said"
    told = f"import os, pathlib; pathlib.Path({str(said)!r}).write_text(os.environ.get({THREADS!r}, 'not said'))"
    monkeypatch.setattr(beside, "COMMAND", (sys.executable, "-c", told))
    with beside.beside(), polars_threads(1):
        ends = time.monotonic() + 120
        while not (said.exists() and said.read_text()) and time.monotonic() < ends:
            time.sleep(0.05)
    assert said.read_text() == "not said"
