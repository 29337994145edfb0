"""The example is a third party's distribution: built, installed beside mmbench, and used."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import mmbench

ROOT = Path(mmbench.__file__).parents[1]
EXAMPLE = Path(__file__).parents[2] / "plugins" / "example_plugin"
MMBENCH = [sys.executable, "-c", "from mmbench.cli import main; main()"]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Runs a command in an environment that has the example's wheel installed."""
    folder = tmp_path_factory.mktemp("example")
    source = shutil.copytree(EXAMPLE, folder / "source")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    offline = ["--no-deps", "--no-index"]
    wheels, site = folder / "wheels", folder / "site"
    build = ["wheel", "--no-build-isolation", "--wheel-dir", str(wheels), str(source)]
    subprocess.run([*pip, *build, *offline], check=True)
    (wheel,) = wheels.glob("mmbench_example-*.whl")
    subprocess.run([*pip, "install", "--target", str(site), str(wheel), *offline], check=True)
    inherited = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    path = os.pathsep.join([str(site), str(ROOT), *filter(None, inherited)])
    environment = {**os.environ, "PYTHONPATH": path}
    environment.pop("MMBENCH_PLUGINS", None)

    def run(*command):
        return subprocess.run(
            command, env=environment, cwd=folder, capture_output=True, text=True, timeout=240
        )

    return run


def test_the_fusion_with_its_hook_is_at_most_20_lines():
    lines = (EXAMPLE / "mmbench_example" / "shared_gate.py").read_text().splitlines()
    assert len([line for line in lines if line.strip()]) <= 20


def test_it_is_listed_with_its_distribution(installed):
    found = installed(*MMBENCH, "list", "--json")
    assert found.returncode == 0, found.stderr
    rows = {(row["kind"], row["name"]): row["plugin"] for row in json.loads(found.stdout)}
    assert rows["fusion", "shared_gate"] == "mmbench-example"
    assert rows["dataset", "xor"] == "mmbench-example"


def test_it_keeps_to_the_contract(installed):
    found = installed(*MMBENCH, "check", "mmbench-example", "--json")
    assert found.returncode == 0, found.stdout
    assert {result["name"] for result in json.loads(found.stdout)} == {"shared_gate", "xor"}


def test_its_own_tests_pass(installed):
    plugin = [] if entry_points(group="pytest11", name="mmbench") else _PLUGIN
    tests = ["-q", "-p", "no:cacheprovider", "--rootdir", "source", "source/tests"]
    found = installed(sys.executable, "-m", "pytest", *plugin, *tests)
    assert found.returncode == 0, found.stdout
    assert " passed" in found.stdout


def test_it_runs_and_only_fusing_solves_its_dataset(installed, tmp_path):
    out = tmp_path / "results"
    options = ["--seeds", "1", "--trials", "1", "--jobs", "1", "--no-latency", "--out", str(out)]
    arms = ["-f", "shared_gate", "-f", "unimodal", "-d", "xor"]
    found = installed(*MMBENCH, "run", *arms, *options)
    assert found.returncode == 0, found.stdout + found.stderr
    records = mmbench.load(out).set_index("fusion")
    assert (records["status"] == "ok").all()
    assert records["score"]["shared_gate"] > 0.9
    assert records["score"]["unimodal:left"] < 0.7


_PLUGIN = ["-p", "mmbench.testing.pytest_plugin"]
