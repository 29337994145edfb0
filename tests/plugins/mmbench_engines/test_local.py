from __future__ import annotations

import importlib
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import mmbench_engines
from mmbench.engine import EngineSettings, Event, Finished, Progress, Started
from mmbench.errors import BadParameter, PluginError
from mmbench.journal import FileLock
from mmbench_engines.local import run

HERE = Path(__file__).parent

Make = Callable[..., Any]


@pytest.fixture(autouse=True)
def make(monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes an item; workers can import its class."""
    monkeypatch.syspath_prepend(str(HERE))
    item: Make = importlib.import_module("engine_work").Item
    return item


def settings(work: str = "work", **changes: Any) -> EngineSettings:
    return EngineSettings(f"engine_work:{work}", **changes)


def records(events: Iterable[Event]) -> dict[str, Mapping[str, Any]]:
    return {event.key: event.record for event in events if isinstance(event, Finished)}


def await_lock(path: Path, held: bool, seconds: float = 10.0) -> None:
    """Wait until somebody, or nobody, holds a lock."""
    deadline = time.monotonic() + seconds
    while True:
        lock = FileLock(path)
        free = lock.acquire()
        lock.release()
        if free != held:
            return
        assert time.monotonic() < deadline, f"expected held={held} within {seconds} s"
        time.sleep(0.02)


def test_the_engine_is_registered_without_its_code() -> None:
    (engine,) = mmbench_engines.mmbench_engines()
    assert (engine.name, engine.role) == ("local", "default")
    assert engine.load() is run
    script = "import mmbench_engines, sys; print('mmbench_engines.local' in sys.modules)"
    assert script_output("-c", script) == "False\n"


def test_every_item_starts_progresses_and_finishes_once(make: Make) -> None:
    items = [make("a"), make("b", "raise"), make("c", "last words"), make("d"), make(lambda: 1)]
    events = list(run(items, settings(workers=2)))
    for item in items:
        kinds = [type(event) for event in events if event.key == item.key]
        assert kinds[0] is Started
        assert kinds[-1] is Finished
        assert set(kinds[1:-1]) <= {Progress}
    finished = records(events)
    assert [finished[item.key]["status"] for item in items] == [
        "ok",
        *["failed"] * 2,
        "ok",
        "failed",
    ]
    assert all(record["dataset"] == "digits" for record in finished.values())


def test_progress_carries_the_phase_and_the_fraction(make: Make) -> None:
    events = list(run([make("a")], settings()))
    assert events[:3] == [
        Started("a"),
        Progress("a", "preparing", 0.0),
        Progress("a", "training", 0.5),
    ]


def test_a_worker_is_used_again(make: Make) -> None:
    finished = records(run([make(str(index)) for index in range(6)], settings(workers=2)))
    assert len({record["pid"] for record in finished.values()} - {os.getpid()}) <= 2


def test_there_are_never_more_workers_than_items(make: Make) -> None:
    events = run([make("a", "sleep", 0.2), make("b", "sleep", 0.2)], settings(workers=8))
    most = max(len(multiprocessing.active_children()) for _ in events)
    assert 1 <= most <= 2


def test_nothing_to_do_gives_no_event() -> None:
    assert list(run([], settings())) == []


@pytest.mark.parametrize(
    ("action", "error", "trace"),
    [
        ("last words", "worker died with exit code 3", "last words"),
        ("raise", "ValueError: no such luck", "in raise_error"),
        ("exit", "SystemExit: 4", "sys.exit(4)"),
        ("unpicklable", "PicklingError|AttributeError", "lambda"),
        ("kill", r"worker died of signal SIGKILL \(.*memory runs out\)", "printed by a"),
        ("segfault", "worker died of signal SIG(SEGV|BUS)", "Segmentation fault"),
    ],
)
def test_a_failure_costs_its_item_only(make: Make, action: str, error: str, trace: str) -> None:
    finished = records(run([make("a", action), make("b")], settings()))
    assert finished["a"]["status"] == "failed"
    assert finished["a"]["phase"] == "training"
    assert finished["a"]["job"] == "a"
    assert re.match(error, finished["a"]["error"])
    assert trace in finished["a"]["traceback"]
    assert finished["b"]["status"] == "ok"


def test_work_that_gives_no_record_is_a_failure(make: Make) -> None:
    finished = records(run([make("a")], settings("no_record")))
    assert (
        "Expected the work to return a record, a mapping. Found NoneType" in finished["a"]["error"]
    )


def test_an_item_that_cannot_be_pickled_is_a_failure(make: Make) -> None:
    finished = records(run([make("a", "", lambda: 1), make("b")], settings()))
    assert "Expected an item that can be sent to a worker" in finished["a"]["error"]
    assert finished["b"]["status"] == "ok"


def test_an_item_that_cannot_be_unpickled_is_a_failure(make: Make) -> None:
    poison = importlib.import_module("engine_work").RaisesWhenRead()
    finished = records(run([make("a", "", poison), make("b")], settings()))
    assert "Found ValueError: no such luck" in finished["a"]["error"]
    assert finished["b"]["status"] == "ok"


def test_items_and_records_may_be_larger_than_a_pipe(make: Make) -> None:
    finished = records(run([make("a", "large", 10**6), make("b", "", "x" * 10**6)], settings()))
    assert len(finished["a"]["large"]) == 10**6
    assert finished["b"]["status"] == "ok"


def test_an_item_that_takes_too_long_is_ended_with_what_it_started(
    make: Make, tmp_path: Path
) -> None:
    lock = tmp_path / "lock"
    items = [make("a", "hold in child", str(lock)), make("b")]
    begin = time.monotonic()
    finished = records(run(items, settings(timeout=1.0)))
    assert time.monotonic() - begin < 10
    assert finished["a"]["error"] == "timed out after 1 s"
    assert finished["a"]["phase"] == "training"
    assert finished["a"]["traceback"] == "printed by a\n"
    assert finished["b"]["status"] == "ok"
    await_lock(lock, held=False, seconds=2)


def test_the_timeout_is_that_of_each_item(make: Make) -> None:
    items = [make(str(index), "sleep", 0.3) for index in range(3)]
    finished = records(run(items, settings(timeout=0.8)))
    assert all(record["status"] == "ok" for record in finished.values())


def test_a_death_between_items_costs_none(make: Make) -> None:
    """What an item left behind kills the worker while the consumer is slow."""
    finished = {}
    for event in run([make("a", "die after"), make("b"), make("c")], settings()):
        if isinstance(event, Finished):
            finished[event.key] = event.record
            time.sleep(0.3)
    assert [finished[key]["status"] for key in "abc"] == ["ok"] * 3


@pytest.mark.parametrize("action", ["hold", "hold stubbornly"])
def test_closing_the_iterator_ends_the_workers(
    make: Make, tmp_path: Path, action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mmbench_engines.local.GRACE_SECONDS", 0.3)
    locks = [tmp_path / "0", tmp_path / "1"]
    events = run([make(lock.name, action, str(lock)) for lock in locks], settings(workers=2))
    started = (event.key for event in events if isinstance(event, Started))
    assert {next(started), next(started)} == {"0", "1"}
    for lock in locks:
        await_lock(lock, held=True)
    events.close()  # type: ignore[attr-defined]
    for lock in locks:
        await_lock(lock, held=False, seconds=0.5)
    assert multiprocessing.active_children() == []


def test_an_error_of_the_consumer_ends_the_workers(make: Make, tmp_path: Path) -> None:
    def consume() -> None:
        for event in run([make("a", "hold", str(tmp_path / "lock"))], settings()):
            raise ZeroDivisionError(event)

    with pytest.raises(ZeroDivisionError):
        consume()
    await_lock(tmp_path / "lock", held=False, seconds=2)
    assert multiprocessing.active_children() == []


def test_each_worker_has_the_threads_asked_for_and_imports_torch_when_needed(make: Make) -> None:
    finished = records(run([make("a", "threads")], settings(threads=2)))
    assert finished["a"]["lazy"]
    assert finished["a"]["threads"] == 2
    assert finished["a"]["omp"] == "2"


def test_what_the_first_item_imported_is_not_collected_again_and_again(make: Make) -> None:
    items = [make(name, "memory") for name in ("a", "b")]
    finished = records(run(items, settings(workers=1)))
    assert finished["a"]["frozen"] == 0
    assert finished["b"]["frozen"] > 1000


@pytest.mark.skipif(sys.platform != "linux", reason="the C library of others keeps what it will")
def test_freed_memory_is_kept_for_what_comes_next(make: Make) -> None:
    finished = records(run([make("a", "memory")], settings()))
    assert finished["a"]["faults"] < 100


def test_what_workers_print_stays_off_the_terminal(
    make: Make, capfd: pytest.CaptureFixture[str]
) -> None:
    assert records(run([make("a", "noise")], settings()))["a"]["status"] == "ok"
    assert capfd.readouterr() == ("", "")


def test_work_that_reports_all_the_time_is_not_slowed_down(make: Make) -> None:
    events = list(run([make("a", "", 200_000)], settings("chatty")))
    assert 1 <= sum(isinstance(event, Progress) for event in events) < 200


def test_work_that_cannot_be_imported_is_an_error_with_its_trace(make: Make) -> None:
    with pytest.raises(PluginError, match=r"(?s)'engine_work:nothing'.*has no attribute 'nothing'"):
        list(run([make("a"), make("b")], settings("nothing")))
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("change", [{"workers": 0}, {"threads": 0}, {"timeout": 0.0}])
def test_settings_out_of_range_are_refused_at_once(change: dict[str, Any]) -> None:
    with pytest.raises(BadParameter, match=next(iter(change))):
        run([], settings(**change))


SCRIPT = """
import sys
from engine_work import Item
from mmbench.engine import EngineSettings, Finished
from mmbench_engines.local import run
print("script runs")
items = [Item("a", *sys.argv[1:])]
events = run(items, EngineSettings("engine_work:work", workers=2))
"""
TO_THE_END = SCRIPT + "print(sum(isinstance(event, Finished) for event in events))\n"
LEFT_OPEN = SCRIPT + "next(events)\n"


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])}


def script_output(*arguments: str, given: str = "") -> str:
    command = [sys.executable, *arguments]
    return subprocess.run(
        command,
        input=given,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout


def test_a_script_needs_no_guard(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(TO_THE_END)
    expected = "script runs\n1\n"
    assert script_output(str(tmp_path / "script.py")) == expected
    assert script_output("-c", TO_THE_END) == expected
    assert script_output("-", given=TO_THE_END) == expected


def test_an_iterator_left_open_does_not_keep_python_from_ending(tmp_path: Path) -> None:
    begin = time.monotonic()
    assert script_output("-c", LEFT_OPEN, "hold", str(tmp_path / "lock")) == "script runs\n"
    assert time.monotonic() - begin < 30
    await_lock(tmp_path / "lock", held=False, seconds=1)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A script in a process group of its own whose worker holds `tmp_path / "lock"`."""
    lock = tmp_path / "lock"
    command = [sys.executable, "-c", TO_THE_END, "hold", str(lock)]
    with subprocess.Popen(
        command,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        await_lock(lock, held=True, seconds=20)
        yield process
        process.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="no process groups")
def test_ctrl_c_ends_parent_and_workers(running: subprocess.Popen[bytes], tmp_path: Path) -> None:
    os.killpg(running.pid, signal.SIGINT)
    running.wait(timeout=5)
    await_lock(tmp_path / "lock", held=False, seconds=1)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_parent_that_is_killed_leaves_no_orphan(
    running: subprocess.Popen[bytes], tmp_path: Path, number: signal.Signals
) -> None:
    running.send_signal(number)
    running.wait(timeout=5)
    await_lock(tmp_path / "lock", held=False, seconds=3)
