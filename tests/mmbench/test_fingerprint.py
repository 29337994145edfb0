from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mmbench import fingerprint
from mmbench.fingerprint import source_hash

FILES = {
    "__init__.py": "REGISTRATIONS = []\n",
    "gated.py": "import torch\nfrom acme.layers import gate\n",
    "layers/__init__.py": "from .gates import gate\n",
    "layers/gates.py": "from .. import tools\n",
    "layers/unused.py": "",
    "tools.py": "def tool():\n    from acme import late\n",
    "late.py": "import acme.early as early\n",
    "early.py": "from acme import gated  # a cycle\n",
    "other.py": "",
    "broken.py": "def (",
    "fast.py": "from . import _native\n",
}

Rewrite = Callable[[str, str], str]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        path = tmp_path / "acme" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    (tmp_path / "acme_other.py").write_text("import acme.gated\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path / "acme"


def fresh(module: str) -> str:
    """The hash that a new process would find."""
    for cached in (
        fingerprint.source_hash,
        fingerprint._source,
        fingerprint._path,
        fingerprint._entries,
        fingerprint._locate,
    ):
        cached.cache_clear()
    return source_hash(module)


@pytest.mark.parametrize(
    "changed",
    ["gated.py", "layers/__init__.py", "layers/gates.py", "tools.py", "late.py", "early.py"],
)
def test_a_change_of_the_module_or_of_what_it_imports_changes_the_hash(
    package: Path, changed: str
) -> None:
    before = fresh("acme.gated")
    with (package / changed).open("a") as file:
        file.write("# changed\n")
    assert fresh("acme.gated") != before


@pytest.mark.parametrize(
    "changed", ["__init__.py", "layers/unused.py", "other.py", "../acme_other.py"]
)
def test_a_change_elsewhere_keeps_the_hash(package: Path, changed: str) -> None:
    before = fresh("acme.gated")
    with (package / changed).open("a") as file:
        file.write("# changed\n")
    assert fresh("acme.gated") == before


@pytest.mark.parametrize(
    ("statement", "followed"),
    [
        ("from . import other", True),
        ("from .other import x", True),
        ("from acme.other import *", True),
        ("import acme.other", True),
        ("if True:\n    from acme import other", True),
        ("class A:\n    import acme.other as o", True),
        ("from .layers import unused", True),
        ("import other", False),
        ("from elsewhere import other", False),
        ("other = 'acme.other'", False),
    ],
)
def test_each_way_to_import_is_followed(package: Path, statement: str, followed: bool) -> None:
    (package / "user.py").write_text(statement)
    target = package / ("layers/unused.py" if "unused" in statement else "other.py")
    before = fresh("acme.user")
    target.write_text("x = 1\n")
    assert (fresh("acme.user") != before) == followed


def test_what_the_package_itself_defines_brings_its_init(package: Path) -> None:
    (package / "user.py").write_text("from . import REGISTRATIONS, other\n")
    before = fresh("acme.user")
    (package / "__init__.py").write_text("REGISTRATIONS = [1]\n")
    assert fresh("acme.user") != before


def test_a_plugin_of_one_file_does_not_bring_its_neighbours(package: Path) -> None:
    before = fresh("acme_other")
    (package / "gated.py").write_text("")
    assert fresh("acme_other") == before
    (package.parent / "acme_other.py").write_text("x = 1\n")
    assert fresh("acme_other") != before


def test_a_package_without_init_is_found(package: Path) -> None:
    (package / "__init__.py").unlink()
    before = fresh("acme.other")
    (package / "other.py").write_text("x = 1\n")
    assert fresh("acme.other") != before


def test_line_endings_do_not_matter(package: Path) -> None:
    (package / "other.py").write_bytes(b"x = 1\ny = 2\n")
    before = fresh("acme.other")
    (package / "other.py").write_bytes(b"x = 1\r\ny = 2\r\n")
    assert fresh("acme.other") == before


def test_source_that_does_not_parse_has_a_hash(package: Path) -> None:
    before = fresh("acme.broken")
    (package / "broken.py").write_text("def )")
    assert fresh("acme.broken") != before


def test_a_compiled_module_is_hashed_by_its_bytes(package: Path) -> None:
    library = package / f"_native{fingerprint.EXTENSION_SUFFIXES[0]}"
    library.write_bytes(b"\x7fELF one")
    before = fresh("acme.fast")
    library.write_bytes(b"\x7fELF two")
    assert fresh("acme.fast") != before


def test_nothing_is_imported(package: Path) -> None:
    (package / "__init__.py").write_text("raise RuntimeError\n")
    (package / "gated.py").write_text("raise RuntimeError\n")
    assert len(fresh("acme.gated")) == 64
    assert "acme" not in sys.modules


def test_the_harness_has_one_hash() -> None:
    assert source_hash("mmbench") == source_hash("mmbench.data.preparation")


def test_modules_without_source_have_hashes_of_their_own() -> None:
    names = ["sys", "math", "no_such_module", "no_such_module.part"]
    assert len({source_hash(name) for name in names}) == len(names)
    assert source_hash("sys") == fresh("sys")


def test_a_script_is_known_by_its_source(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    hashes = []
    for text in ("x = 1", "x = 2", "x = 1"):
        script.write_text(
            f"import sys; sys.path[:] = {sys.path!r}\n"
            f"from mmbench.fingerprint import source_hash\n{text}\nprint(source_hash('__main__'))"
        )
        hashes.append(subprocess.check_output([sys.executable, str(script)], text=True))
    assert hashes[0] == hashes[2] != hashes[1]
