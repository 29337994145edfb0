from __future__ import annotations

import gc
import json
import platform
import subprocess
import sys

import numpy as np
import pytest
import torch

from mmbench import machine
from mmbench.errors import UsageError
from mmbench.machine import (
    amd_with_avx512,
    collection_paused,
    describe,
    peak_memory,
    reset_peak_memory,
    resolve_device,
)


def test_the_description_is_json_and_true() -> None:
    described = describe()
    assert json.loads(json.dumps(described)) == described
    assert platform.python_version() in described["python"]
    assert described["torch"] == torch.__version__
    built = np.show_config("dicts")["Build Dependencies"]["blas"]["name"]
    assert any("openblas" in own for own in described["blas"]) == ("openblas" in built)
    assert described["threads"] == torch.get_num_threads()
    assert 1 <= described["usable_cores"] <= described["cores"]
    assert len(described["devices"]) == torch.cuda.device_count()
    assert described["cpu"]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_is_what_the_system_reports() -> None:
    kilobytes = machine._field(machine.Path("/proc/meminfo"), "MemTotal")
    assert kilobytes is not None
    expected = int(kilobytes.split()[0]) * 1024 / 1e9
    assert describe()["memory_gb"] == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize(
    ("vendor", "flags", "expected"),
    [
        ("AuthenticAMD", "fma avx512f avx512cd avx512bw avx512dq avx512vl", True),
        ("AuthenticAMD", "fma avx2 avx512f", False),
        ("GenuineIntel", "fma avx512f avx512cd avx512bw avx512dq avx512vl", False),
    ],
)
def test_a_processor_is_known_by_what_the_system_says(
    tmp_path, monkeypatch, vendor, flags, expected
) -> None:
    info = tmp_path / "cpuinfo"
    core = f"processor\t: 0\nvendor_id\t: {vendor}\nflags\t\t: {flags}\n\n"
    info.write_text(core * 2, encoding="utf-8")
    monkeypatch.setattr(machine, "CPU_INFO", info)
    assert amd_with_avx512() is expected


def test_a_processor_that_the_system_does_not_tell_is_another(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(machine, "CPU_INFO", tmp_path / "none")
    assert amd_with_avx512() is False


def test_the_module_does_not_import_torch() -> None:
    script = (
        f"import sys; sys.path[:] = {sys.path!r}; import mmbench.machine; print(list(sys.modules))"
    )
    imported = subprocess.check_output([sys.executable, "-c", script], text=True)
    assert "'mmbench.machine'" in imported
    assert "'torch'" not in imported
    assert "'numpy'" not in imported


def test_devices_without_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert resolve_device("cpu") == "cpu"
    assert resolve_device("auto") == "cpu"
    with pytest.raises(UsageError, match=r"CUDA device for 'cuda'\. Found 0 .* Choose 'auto'"):
        resolve_device("cuda")


def test_devices_with_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert resolve_device("auto") == "cuda"
    assert resolve_device("cuda") == "cuda"
    assert resolve_device("cuda:1") == "cuda:1"
    with pytest.raises(UsageError, match="Found 2"):
        resolve_device("cuda:2")


@pytest.mark.parametrize("device", ["", "gpu", "cuda:", "cuda:x", "cpu:0", "cuda:1\n"])
def test_a_device_that_does_not_exist_is_refused(device: str) -> None:
    with pytest.raises(UsageError, match="auto, cpu, cuda or cuda:N"):
        resolve_device(device)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can start a new peak")
def test_the_peak_grows_with_what_is_touched_and_can_be_reset() -> None:
    if not can_reset():
        pytest.skip("this sandbox does not let a process reset its peak")
    reset_peak_memory()
    before = peak_memory()
    block = np.ones(12_500_000)  # 100 MB
    del block
    after = peak_memory()
    reset_peak_memory()
    reset = peak_memory()
    assert before is not None
    assert after is not None
    assert reset is not None
    assert after - before == pytest.approx(100, abs=15)
    assert after - reset == pytest.approx(100, abs=15)


def can_reset() -> bool:
    try:
        machine.CLEAR_REFS.write_text("5")
    except OSError:
        return False
    return True


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell")
def test_without_proc_the_peak_is_that_of_the_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: machine.Path
) -> None:
    monkeypatch.setattr(machine, "STATUS", tmp_path / "none")
    monkeypatch.setattr(machine, "CLEAR_REFS", tmp_path / "none" / "none")
    reset_peak_memory()
    peak = peak_memory()
    assert peak is not None
    assert 20 < peak < 100_000


@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_is_off_inside_and_as_before_after(enabled: bool) -> None:
    was = gc.isenabled()
    (gc.enable if enabled else gc.disable)()
    try:
        with collection_paused():
            assert not gc.isenabled()
        assert gc.isenabled() == enabled
    finally:
        (gc.enable if was else gc.disable)()
