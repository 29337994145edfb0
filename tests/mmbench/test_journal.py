from __future__ import annotations

import errno
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench.errors import JournalError
from mmbench.journal import FileLock, Journal

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)
RECORDS = st.lists(st.dictionaries(st.text(max_size=5), JSON, max_size=4), max_size=5)

HOLD = """
import sys
from mmbench.journal import Journal
with Journal(sys.argv[1]) as journal:
    journal.append({"job": "theirs"})
    print("open", flush=True)
    sys.stdin.read()
"""


def without_nonfinite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: without_nonfinite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_nonfinite(item) for item in value]
    return value


def written(folder: Path, *records: dict[str, Any]) -> Journal:
    with Journal(folder) as journal:
        for record in records:
            journal.append(record)
    return journal


@given(records=RECORDS)
@settings(max_examples=25, deadline=None)
def test_reads_back_what_was_appended_with_null_for_what_is_not_finite(
    records: list[dict[str, Any]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        journal = written(Path(folder), *records)
        assert journal.read() == without_nonfinite(records)
        assert b"NaN" not in journal.path.read_bytes().replace(json.dumps("NaN").encode(), b"")


@given(records=RECORDS.filter(bool), data=st.data())
@settings(max_examples=30, deadline=None)
def test_a_cut_anywhere_loses_no_complete_record(
    records: list[dict[str, Any]], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder), *records).path
        content = path.read_bytes()
        cut = data.draw(st.integers(0, len(content)))
        path.write_bytes(content[:cut])
        complete = without_nonfinite(records)[: content[:cut].count(b"\n")]
        assert Journal(folder).read() == complete
        written(Path(folder), {"job": "next"})
        assert Journal(folder).read() == [*complete, {"job": "next"}]


def test_a_cut_at_every_byte_loses_no_complete_record(tmp_path: Path) -> None:
    records = [
        {"job": "a", "score": 0.5},
        {"job": "b", "score": None},
        {"job": "ç", "spec": "{}\n"},
    ]
    path = written(tmp_path, *records).path
    content = path.read_bytes()
    for cut in range(len(content) + 1):
        path.write_bytes(content[:cut])
        assert Journal(tmp_path).read() == records[: content[:cut].count(b"\n")]


@pytest.mark.parametrize(
    "torn", [b'{"job": "b", "sc', b"\0\0\0\0", b"\0\0\n", b"\xff\xfe\n", b"17\n"]
)
def test_a_torn_last_line_is_dropped_and_cut_off(tmp_path: Path, torn: bytes) -> None:
    journal = written(tmp_path, {"job": "a"})
    sound = journal.path.read_bytes()
    journal.path.write_bytes(sound + torn)
    assert journal.keys() == {"a"}
    journal.open()
    journal.close()
    assert journal.path.read_bytes() == sound


def test_a_corrupt_line_in_the_middle_is_an_error_that_names_it(tmp_path: Path) -> None:
    journal = written(tmp_path, {"job": "a"}, {"job": "b"}, {"job": "c"})
    lines = journal.path.read_bytes().splitlines(keepends=True)
    corrupt = lines[0] + b'{"job": "b\n' + lines[2]
    journal.path.write_bytes(corrupt)
    with pytest.raises(JournalError, match=r"line 2 of .*runs again"):
        journal.read()
    assert journal.path.read_bytes() == corrupt


def test_a_stream_gives_each_record_before_it_reads_the_next(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.path.write_bytes(b'{"job": "a"}\nnot JSON\n{"job": "b"}\n')
    stream = journal.stream()
    assert next(stream) == {"job": "a"}
    with pytest.raises(JournalError, match="line 2 of"):
        next(stream)


def test_no_journal_has_no_records(tmp_path: Path) -> None:
    assert Journal(tmp_path / "none").read() == []
    assert Journal(tmp_path / "none").keys() == set()
    assert not (tmp_path / "none").exists()


def test_keys_are_the_jobs(tmp_path: Path) -> None:
    assert written(tmp_path, {"job": "a"}, {"note": 1}, {"job": "b"}).keys() == {"a", "b"}


def test_lines_are_on_the_file_when_append_returns(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        for count in range(1, 4):
            journal.append({"job": str(count)})
            assert len(Journal(tmp_path).read()) == count


@pytest.mark.parametrize(
    ("record", "named"),
    [
        ({"a": {"b": [0, {1, 2}]}}, r"Found set at 'a\.b\[1\]'"),
        ({"a": object()}, "Found object at 'a'"),
        ({1: "a"}, "Found 1 in 'the record'"),
        ({"a": {None: 1}}, "Found None in 'a'"),
    ],
)
def test_what_is_not_json_is_refused_and_nothing_written(
    tmp_path: Path, record: dict[Any, Any], named: str
) -> None:
    with Journal(tmp_path) as journal:
        journal.append({"job": "a"})
        with pytest.raises(JournalError, match=named):
            journal.append(record)
        journal.append({"job": "b"})
    assert journal.read() == [{"job": "a"}, {"job": "b"}]


def holding(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    return process


def test_a_second_process_cannot_write_but_reads(tmp_path: Path) -> None:
    with holding(tmp_path) as process:
        with pytest.raises(JournalError, match=f"process {process.pid} on .* writes it"):
            Journal(tmp_path).open()
        assert Journal(tmp_path).keys() == {"theirs"}
        process.kill()
    written(tmp_path, {"job": "ours"})  # The lock of a killed process is free.
    assert Journal(tmp_path).keys() == {"theirs", "ours"}


def test_a_second_writer_in_this_process_is_refused_until_the_first_closes(tmp_path: Path) -> None:
    with Journal(tmp_path), pytest.raises(JournalError, match=f"process {os.getpid()} on"):
        Journal(tmp_path).append({"job": "a"})
    written(tmp_path, {"job": "a"})


def test_two_journals_of_one_folder_have_locks_of_their_own(tmp_path: Path) -> None:
    with Journal(tmp_path), Journal(tmp_path, "other.jsonl") as other:
        other.append({"job": "a"})
    assert Journal(tmp_path).keys() == set()


def test_a_full_disk_keeps_what_was_saved_and_says_what_was_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = written(tmp_path, {"job": "a"})
    sound = journal.path.read_bytes()

    def full(file: Any, line: bytes) -> None:
        file.write(line[:7])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("mmbench.journal._write", full)
        with pytest.raises(JournalError, match=r"job b .*No space left.*this one is not"):
            journal.append({"job": "b"})
    assert journal.path.read_bytes() == sound
    journal.append({"job": "c"})
    journal.close()
    assert journal.keys() == {"a", "c"}


@pytest.mark.skipif(sys.platform == "win32", reason="no file size limits")
def test_a_line_that_the_system_takes_only_a_part_of_is_cut_off(tmp_path: Path) -> None:
    import resource

    journal = written(tmp_path, {"job": "a"})
    sound = journal.path.read_bytes()
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(sound) + 10, limit[1]))
    try:
        with pytest.raises(JournalError, match="File too large"):
            journal.append({"job": "b", "text": "x" * 100})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert journal.path.read_bytes() == sound


def test_a_journal_that_vanishes_while_it_is_written_is_an_error(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.append({"job": "a"})
        journal.path.unlink()
        with pytest.raises(JournalError, match="Found it gone"):
            journal.append({"job": "b"})


def test_a_file_in_place_of_the_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "results").touch()
    journal = Journal(tmp_path / "results")
    with pytest.raises(JournalError, match=r"results folder that can be written.*Choose another"):
        journal.open()
    with pytest.raises(JournalError, match=r"results"):
        journal.read()


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_write_permission_is_an_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(JournalError, match="Permission denied"):
            Journal(tmp_path).open()
    finally:
        tmp_path.chmod(0o700)


def test_a_file_lock_is_held_by_one_and_freed_by_release(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert first.acquire()
    assert not second.acquire()
    assert second.holder().startswith(f"process {os.getpid()} on ")
    first.release()
    assert second.acquire()
    second.release()


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_records_survive_a_writer_that_is_killed(tmp_path: Path) -> None:
    script = HOLD.replace('"theirs"})', '"theirs"})\n    import os; os.kill(os.getpid(), 9)')
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], env=environment)
    assert done.returncode == -signal.SIGKILL
    assert Journal(tmp_path).keys() == {"theirs"}
