"""How soon the program answers, in seconds of the processor."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest


def seconds_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@pytest.mark.benchmark(group="start-up", timer=seconds_of_children)
@pytest.mark.parametrize(
    ("arguments", "limit"), [("--help", 0.3), ("list", 0.5), ("list fusions", 0.5)]
)
def test_the_program_answers_at_once(arguments, limit, within):
    command = [sys.executable, "-m", "mmbench", *arguments.split()]

    def answer() -> bytes:
        return subprocess.check_output(command)

    answer()  # compiles what a fresh checkout has not yet compiled
    assert within(limit, answer, clock=seconds_of_children)
