from __future__ import annotations

import subprocess
import sys

import pytest

from mmbench_reports import mmbench_reports

REPORTS = mmbench_reports()


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.name)
def test_each_registration_is_complete_and_loads(report):
    assert report.title
    assert report.summary
    assert callable(report.load())


def test_names_and_orders_are_distinct():
    assert len({report.name for report in REPORTS}) == len(REPORTS)
    assert len({report.order for report in REPORTS}) == len(REPORTS)


def test_the_verdict_comes_first():
    assert min(REPORTS, key=lambda report: report.order).name == "verdict"


def test_listing_imports_nothing_heavy():
    code = (
        "import sys, mmbench_reports; mmbench_reports.mmbench_reports(); "
        "print([m for m in ('torch', 'numpy', 'pandas', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
