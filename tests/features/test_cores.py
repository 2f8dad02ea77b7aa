"""Where work is done: this thread and the engine's on one core while it lasts, and anywhere again afterwards."""

import os
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest

from features import cores

EVERY = cores.allowed()
several = pytest.mark.skipif(len(EVERY) < 2, reason="there is one core, or no say in which")

ONE_THREAD = """
import os
import polars as pl
from features import cores

frame = pl.DataFrame({"a": [1, 2]})
every = cores.allowed()
with cores.beside_engine():  # no step was taken yet, so there is no thread
    print(cores.allowed() == every)
    frame.join(frame, on="a")
with cores.beside_engine():
    print(len(cores.allowed()), os.sched_getaffinity(cores._engine()) == cores.allowed())
    frame.join(frame, on="a")
print(cores.allowed() == every, cores._engine() is None or os.sched_getaffinity(cores._engine()) == every)
"""


def of_a_process(code: str, *, threads: int) -> list[str]:
    """What `code` prints in a process where Polars has so many threads."""
    env = {**os.environ, "POLARS_MAX_THREADS": str(threads), "PYTHONPATH": str(Path(cores.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@several
def test_the_thread_of_the_engine_comes_to_the_core_of_who_works():
    assert of_a_process(ONE_THREAD, threads=1) == ["True", "1 True", "True True"]


@several
def test_where_the_engine_has_more_threads_they_stay_apart():
    code = ONE_THREAD.replace("os.sched_getaffinity(cores._engine()) == cores.allowed()", "cores._engine()")
    assert of_a_process(code, threads=2) == ["True", f"{len(EVERY)} None", "True True"]


@several
def test_of_several_threads_that_have_just_begun_one_may_have_its_name_first():
    slow = """
named = cores._name
def _named(thread, seen=[]):
    seen.append(named(thread))
    return seen[-1] if seen.count(cores.ENGINES_OWN) == 1 else ""
cores._name = _named
every"""
    code = ONE_THREAD.replace("every", slow.lstrip("\n"), 1).replace("os.sched_getaffinity(cores._engine()) ==", "")
    assert of_a_process(code, threads=2)[:2] == ["True", f"{len(EVERY)} {EVERY}"]


@several
def test_only_one_at_a_time_has_the_engine():
    code = ONE_THREAD.replace(
        "with cores.beside_engine():\n    print(len",
        "with cores.beside_engine(), cores.beside_engine():\n    print(len",
    )
    assert of_a_process(code, threads=1) == ["True", "1 True", "True True"]


@several
def test_a_system_that_forbids_it_changes_nothing():
    forbids = """
def forbidden(thread, cores):
    raise PermissionError
os.sched_setaffinity = forbidden
every"""
    code = ONE_THREAD.replace("every", forbids.lstrip("\n"), 1).replace(
        ", os.sched_getaffinity(cores._engine()) ==", " =="
    )
    code = code.replace("print(len(cores.allowed()) == cores.allowed())", "print(cores.allowed() == every)")
    assert of_a_process(code, threads=1) == ["True", "True", "True True"]


def test_where_a_program_has_no_say_nothing_is_done(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(cores, "THREADS", Path("/nowhere"))
    assert cores.allowed() == frozenset()
    with cores.beside_engine():
        assert cores.allowed() == frozenset()


@several
def test_another_thread_goes_where_it_likes():
    seen = []
    with cores.beside_engine():
        thread = Thread(target=lambda: seen.append(cores.allowed()))
    thread.start()
    thread.join()
    assert seen == [EVERY]
