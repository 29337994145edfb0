from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points

import pytest

PICK = """
import pytest
from torch import nn

import mmbench


class Pick(nn.Module):
    '''Sums projections.'''

    def __init__(self, dims, out_dim):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(size, out_dim) for size in dims.values())
        self.names = list(dims)

    def forward(self, features):
        return sum(layer(features[m]) for m, layer in zip(self.names, self.layers))


class First(Pick):
    '''Forgets all but the first.'''

    def __init__(self, dims, out_dim):
        super().__init__(dims, out_dim)
        self.names = self.names[:1]


@pytest.mark.mmbench(mmbench.Fusion("all", Pick), mmbench.Fusion("first", First))
def test_conformance(mmbench_property):
    mmbench_property()
"""


def run_pytest(folder, source):
    (folder / "test_it.py").write_text(source)
    installed = entry_points(group="pytest11", name="mmbench")
    plugin = [] if installed else ["-p", "mmbench.testing.pytest_plugin"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder)


@pytest.mark.slow
def test_each_property_is_a_test_whose_failure_is_its_message(tmp_path):
    found = run_pytest(tmp_path, PICK)
    assert found.returncode == 1
    assert "FAILED" in found.stdout
    assert "[fusion:all: " not in found.stdout
    assert "test_conformance[fusion:first: every modality changes the output]" in found.stdout
    assert "Expected another output when" in found.stdout
    assert "mmbench_property()" not in found.stdout
    assert "2 skipped" in found.stdout or "4 skipped" in found.stdout


@pytest.mark.parametrize(
    ("marker", "message"),
    [("@pytest.mark.mmbench('no_such_thing')", "Unknown name 'no_such_thing'"), ("", "no marker")],
)
def test_what_cannot_be_found_is_said(tmp_path, marker, message):
    source = f"import pytest\n\n\n{marker}\ndef test_it(mmbench_property):\n    pass\n"
    found = run_pytest(tmp_path, source)
    assert found.returncode != 0
    assert message in found.stdout + found.stderr


def test_who_does_not_use_it_pays_for_no_heavy_library():
    code = (
        "import sys, mmbench.testing.pytest_plugin;"
        "print([m for m in ('torch', 'numpy', 'pandas') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
