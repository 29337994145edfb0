from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import mmbench
from mmbench.cli import main
from mmbench.scaffold import SCAFFOLDS


def run(*arguments):
    with pytest.raises(SystemExit) as ended:
        main(["new", *map(str, arguments)])
    return ended.value.code


@pytest.mark.parametrize("kind", SCAFFOLDS)
def test_every_kind_is_a_package_with_code_test_and_readme(kind, tmp_path, capsys):
    assert run(kind, "acme_one", "--out", tmp_path) == 0
    folder = tmp_path / "mmbench-acme-one"
    files = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    assert files == [
        "README.md",
        "mmbench_acme_one/__init__.py",
        "mmbench_acme_one/acme_one.py",
        "mmbench_acme_one/py.typed",
        "pyproject.toml",
        "tests/test_acme_one.py",
    ]
    assert f"mmbench check {kind}:acme_one" in capsys.readouterr().out
    project = (folder / "pyproject.toml").read_text()
    assert '[project.entry-points.mmbench]\nacme_one = "mmbench_acme_one"\n' in project
    assert not any("$" in path.read_text() for path in folder.rglob("*") if path.is_file())


def test_nothing_is_overwritten(tmp_path, capsys):
    assert run("fusion", "acme_one", "--out", tmp_path) == 0
    code = tmp_path / "mmbench-acme-one" / "mmbench_acme_one" / "acme_one.py"
    code.write_text("mine")
    assert run("fusion", "acme_one", "--out", tmp_path) == 2
    assert "nothing is overwritten" in capsys.readouterr().err
    assert code.read_text() == "mine"


@pytest.mark.parametrize("name", ["Gate", "2gates", "my-gate", "class", "../gate", "a b", "é"])
def test_a_name_that_is_no_identifier_is_refused(name, tmp_path, capsys):
    assert run("fusion", name, "--out", tmp_path) == 2
    assert repr(name) in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_taken_is_refused(install, tmp_path, capsys):
    install("acme", "import mmbench\n\n@mmbench.hookimpl\ndef mmbench_fusions():\n"
            "    return [mmbench.Fusion('taken', 'acme:Taken')]\n")  # fmt: skip
    assert run("fusion", "taken", "--out", tmp_path / "new") == 2
    assert run("dataset", "fusions", "--out", tmp_path / "new") == 2
    printed = capsys.readouterr().err
    assert "'taken' registered" in printed
    assert "'mmbench_fusions'" in printed
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
def test_every_kind_installs_and_passes_its_check_and_its_lint(tmp_path, capsys):
    folders, site = [], tmp_path / "site"
    for kind in SCAFFOLDS:
        assert run(kind, f"acme_{kind}", "--out", tmp_path / "new") == 0
        folders.append(str(tmp_path / "new" / f"mmbench-acme-{kind}"))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    offline = ["--no-deps", "--no-build-isolation", "--no-index", "--target", str(site)]
    subprocess.run([*pip, *offline, *folders], check=True)
    path = os.pathsep.join([str(site), str(Path(mmbench.__file__).parents[1]), *_import_path()])
    names = [f"{kind}:acme_{kind}" for kind in SCAFFOLDS]
    checked = subprocess.run(
        [sys.executable, "-c", "from mmbench.cli import main; main()", "check", *names],
        env={**os.environ, "PYTHONPATH": path},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert all(f"{kind} acme_{kind}\n" in checked.stdout for kind in SCAFFOLDS)
    rules = ["--isolated", "--select", "E,F,I,UP,B", "--line-length", "110"]
    # Away from this repository, where mmbench is a third party to the imports' order, as for an author.
    lint = [sys.executable, "-m", "ruff", "check", *rules, *folders]
    subprocess.run(lint, check=True, cwd=tmp_path)


def _import_path():
    return [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
