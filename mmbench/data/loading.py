"""From a dataset's registration to its samples, wherever its data lie."""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmbench.data.problems import Problems
from mmbench.data.vendored import fingerprint, verify
from mmbench.errors import DataError, UsageError
from mmbench.jobs import Pick
from mmbench.registrations import Dataset

if TYPE_CHECKING:
    from mmbench.data.samples import Samples

__all__ = ["DATA", "described", "fingerprint_of", "load_samples", "parameters_of", "root_of"]

DATA = "MMBENCH_DATA"
"""Environment variable that names the folder in which datasets on disk lie, each in a folder of its name."""
_CONTENTS = 256 * 2**20


def described(registration: Dataset, pick: Pick) -> Dataset:
    """The registration with its task and modalities, which some datasets only have once their files are known.

    Raises:
        DataError: if the files cannot be read or do not say.

    """
    if not registration.describes:
        return registration
    root = root_of(registration, pick)
    return _described(_Registered(registration), root, root.stat().st_mtime_ns)


class _Registered:
    """A registration as a cache's key: by name."""

    def __init__(self, registration: Dataset) -> None:
        self.registration = registration

    def __hash__(self) -> int:
        return hash(self.registration.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Registered) and self.registration is other.registration


@lru_cache(maxsize=64)
def _described(registered: _Registered, root: Path, changed: int) -> Dataset:
    """Kept until the file changes: a run asks for it once a job."""
    found = registered.registration.load_description()(root)
    if not isinstance(found, Dataset):
        raise DataError(
            f"Expected the description of {root} to be a mmbench.Dataset. Found {type(found).__name__}."
        )
    return found


def root_of(registration: Dataset, pick: Pick) -> Path:
    """The folder or file that a dataset on disk is read from.

    The parameter `root` where the user gives it, else the folder of the dataset's name in $MMBENCH_DATA.

    Raises:
        UsageError: if neither is given, or it does not exist.

    """
    given = pick.params.get("root")
    if given is None and DATA not in os.environ:
        raise UsageError(
            f"Expected to be told where dataset {registration.name!r} lies. Pass "
            f"`-d '{registration.name}[root=DIR]'`, or set {DATA} to a folder that holds "
            f"{registration.name!r}. It needs: {registration.layout}"
        )
    root = Path(os.environ[DATA]) / registration.name if given is None else Path(str(given))
    if not root.exists():
        raise UsageError(
            f"Expected the files of dataset {registration.name!r} in {root}. Found nothing there. "
            f"It needs: {registration.layout}"
        )
    return root


def parameters_of(pick: Pick) -> dict[str, Any]:
    """What the dataset's own function is given: all but what the harness reads."""
    return {key: value for key, value in pick.params.items() if key not in ("modalities", "root")}


def fingerprint_of(registration: Dataset, pick: Pick) -> str:
    """What the data are: hashed contents, or sizes and times where they exceed 256 MiB.

    Raises:
        DataError: if a file is missing or unreadable.
        UsageError: if a dataset on disk is nowhere.

    """
    if registration.files or not registration.layout:
        return fingerprint(registration.files)
    root = root_of(registration, pick)
    folder = root if root.is_dir() else root.parent
    files = sorted(path for path in root.rglob("*") if path.is_file()) if root.is_dir() else [root]
    whole = sum(path.stat().st_size for path in files) <= _CONTENTS
    state = hashlib.sha256()
    for path in files:
        about = path.stat()
        seen = fingerprint({str(path): ""}) if whole else f"{about.st_size} {about.st_mtime_ns}"
        state.update(f"{path.relative_to(folder)}\0{seen}\n".encode())
    return state.hexdigest()


def load_samples(registration: Dataset, pick: Pick) -> Samples:
    """Load and check a dataset.

    Raises:
        DataError: if a file is missing or malformed, or the dataset is not what is registered.

    """
    # Only here: it brings NumPy, which who merely looks for data must not pay for.
    from mmbench.data.samples import Samples

    verify(registration.files)
    params = parameters_of(pick)
    if registration.layout:
        root = root_of(registration, pick)
        samples = registration.load()(root, Problems(root), **params)
    else:
        samples = registration.load()(**params)
    if not isinstance(samples, Samples):
        raise DataError(
            f"Expected dataset {registration.name!r} to give mmbench.Samples. Found {type(samples).__name__}."
        )
    missing = sorted(set(registration.modalities) - set(samples.inputs))
    if missing:
        raise DataError(
            f"Expected dataset {registration.name!r} to hold {', '.join(registration.modalities)}. "
            f"Found no {', '.join(missing)}."
        )
    return samples
