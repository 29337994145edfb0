"""From the name of a model to the folder that holds it."""

from __future__ import annotations

import os
from pathlib import Path

from mmbench.errors import BadParameter
from mmbench_encoders.pretrained.packages import PACKAGES
from mmbench_encoders.pretrained.tiny import tiny

__all__ = ["ONLINE", "locate"]

ONLINE = "MMBENCH_ONLINE"
_FILES = ["*.json", "*.txt", "*.model", "*.safetensors"]
"""What a model is read from. Pickled weights are code, and are never fetched."""


def locate(model: str, kind: str) -> Path:
    """The folder of a model.

    Args:
        model: `tiny`, a packaged model's name, a folder, or a name on the Hugging Face hub: one that is in
            the hub's cache already, or, with MMBENCH_ONLINE=1, any.
        kind: `text`, `image` or `audio`; decides what `tiny` is.

    Raises:
        BadParameter: if there is no such model here.
        PluginError: if it is a packaged model whose package is not installed.

    """
    if model == "tiny":
        return tiny(kind)
    if model in PACKAGES:
        return PACKAGES[model].folder()
    folder = Path(model).expanduser()
    if (folder / "config.json").is_file():
        return folder.resolve()
    return _from_hub(model)


def _from_hub(model: str) -> Path:
    from huggingface_hub import snapshot_download

    online = os.environ.get(ONLINE) == "1"
    try:
        found = snapshot_download(
            model, allow_patterns=_FILES, ignore_patterns=["*/*"], local_files_only=not online
        )
    except (OSError, ValueError) as error:
        advice = "" if online else f" Set {ONLINE}=1 to look for it on the hub."
        raise BadParameter(
            f"Expected `model` to be tiny, {', '.join(PACKAGES)}, a folder with a config.json, or a model in "
            f"the Hugging Face cache. Found {model!r} ({type(error).__name__}).{advice}"
        ) from error
    return Path(found)
