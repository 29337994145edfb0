from __future__ import annotations

import sys
import types
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from mmbench.latency import energy
from mmbench.latency.energy import Meter, joules_per_call, meter_of


@pytest.fixture
def powercap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two packages of 1 J range, one with a core zone that its package counts already."""
    for name in ("intel-rapl:0", "intel-rapl:1", "intel-rapl:0:0"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "energy_uj").write_text("900000\n")
        (tmp_path / name / "max_energy_range_uj").write_text("999999\n")
    monkeypatch.setattr(energy, "POWERCAP", tmp_path)
    return tmp_path


def test_packages_are_added_up_and_a_counter_may_wrap(powercap: Path) -> None:
    meter = meter_of("cpu")
    assert meter is not None
    assert meter.source == "measured: RAPL, whole packages"
    before = meter.joules()
    (powercap / "intel-rapl:0" / "energy_uj").write_text("950000")
    (powercap / "intel-rapl:1" / "energy_uj").write_text("100000")
    (powercap / "intel-rapl:0:0" / "energy_uj").write_text("999999")
    assert meter.joules() - before == pytest.approx(0.05 + 0.2)


def test_there_is_no_energy_where_nothing_counts_it(
    powercap: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (powercap / "intel-rapl:1" / "energy_uj").unlink()  # as one that may not be read
    assert meter_of("cpu") is None
    monkeypatch.setattr(energy, "POWERCAP", powercap / "nowhere")
    assert meter_of("cpu") is None


def test_energy_is_shared_among_the_calls() -> None:
    calls: list[int] = []
    meter = Meter("measured: toy", lambda: 7.0 + 0.002 * len(calls))
    found = joules_per_call(lambda: calls.append(1), meter, lambda: None, seconds=0.01)
    assert found == pytest.approx(0.002)
    assert len(calls) > 10


def test_cuda_devices_are_found_by_what_names_them_everywhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted = {"GPU-abc": 5000}
    library = types.ModuleType("pynvml")
    library.__spec__ = SimpleNamespace()  # type: ignore[assignment]
    library.NVMLError = OSError  # type: ignore[attr-defined]
    library.nvmlInit = lambda: None  # type: ignore[attr-defined]
    library.nvmlDeviceGetHandleByUUID = lambda name: name  # type: ignore[attr-defined]
    library.nvmlDeviceGetTotalEnergyConsumption = counted.__getitem__  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pynvml", library)
    monkeypatch.setattr(
        torch.cuda, "get_device_properties", lambda device: SimpleNamespace(uuid="abc")
    )
    meter = meter_of("cuda")
    assert meter is not None
    assert (meter.source, meter.joules()) == ("measured: NVML, whole device", 5.0)
