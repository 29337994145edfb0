"""Reading `name`, `name[param=value,…]`, `name:modality` and shell patterns."""

from __future__ import annotations

import fnmatch
import inspect
import re
from collections.abc import Iterable, Mapping
from typing import Any

from mmbench.errors import BadParameter, UsageError, unknown
from mmbench.jobs import Pick
from mmbench.registrations import Dataset, Fusion, Registration
from mmbench.registry import Shelf

__all__ = ["match_modality", "parse", "select", "split_list"]

SPELLING = re.compile(
    r"(?P<name>[^\[\]:]+)(?::(?P<modality>[^\[\]:]+))?(?:\[(?P<params>[^\[\]]*)\])?\Z"
)
WORDS: dict[str, Any] = {"true": True, "false": False, "none": None}


def split_list(text: str) -> list[str]:
    """Split at commas outside brackets: `a,b[x=1,y=2]` is `a` and `b[x=1,y=2]`."""
    return [part.strip() for part in re.split(r",(?![^\[]*\])", text) if part.strip()]


def parse(text: str) -> Pick:
    """Read one spelling; the name may be a shell pattern.

    Raises:
        UsageError: if it is not `name`, `name:modality` or `name[param=value,…]`.

    """
    found = SPELLING.match(text.strip())
    if not found:
        raise UsageError(f"Expected `name` or `name[param=value,…]`. Found {text!r}.")
    params: dict[str, Any] = {}
    for assignment in filter(None, (found["params"] or "").split(",")):
        key, equals, value = assignment.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"Expected `param=value` in {text!r}. Found {assignment!r}.")
        params[key.strip()] = _value(value.strip())
    return Pick(found["name"].strip(), params, (found["modality"] or "").strip())


def select(spellings: Iterable[str], shelf: Shelf[Any]) -> list[Pick]:
    """Resolve spellings against a shelf, in its order, each pick once.

    Raises:
        UnknownName: if a name or pattern fits nothing.
        BadParameter: if a parameter does not exist or cannot take the value.

    """
    picks: dict[str, Pick] = {}
    for spelling in spellings:
        for part in split_list(spelling):
            pick = _opened(part, shelf) or parse(part)
            names = [pick.name] if pick.name in shelf else fnmatch.filter(shelf, pick.name)
            if not names:
                raise unknown(shelf.kind, pick.name, shelf)
            for name in names:
                resolved = _check(Pick(name, pick.params, pick.modality), shelf[name])
                picks[str(resolved)] = resolved
    return list(picks.values())


def _opened(spelling: str, shelf: Shelf[Any]) -> Pick | None:
    """`digits.npz` is `npz[root=digits.npz]`: a path stands for the dataset that opens such files."""
    for name, entry in shelf.entries.items():
        for ending in getattr(entry, "opens", ()):
            path, _, rest = spelling.partition(f"{ending}[")
            if spelling.endswith(ending):
                return Pick(name, {"root": spelling})
            if rest:
                more = parse(f"{name}[{rest}")
                return Pick(name, {"root": f"{path}{ending}", **more.params})
    return None


def match_modality(pick: Pick, modalities: Iterable[str]) -> list[str]:
    """The modalities a per-modality pick stands for: all, one, or those a pattern fits."""
    if not pick.modality:
        return list(modalities)
    return fnmatch.filter(modalities, pick.modality)


def _value(text: str) -> Any:
    if text.lower() in WORDS:
        return WORDS[text.lower()]
    for convert in (int, float):
        try:
            return convert(text)
        except ValueError:
            continue
    return text


def _check(pick: Pick, registration: Registration) -> Pick:
    if pick.modality and not getattr(registration, "per_modality", ""):
        raise UsageError(
            f"Expected a modality only behind a fusion with one arm per modality. Found '{pick}'."
        )
    allowed = _parameters(registration)
    for name, value in pick.params.items():
        if allowed is not None and name not in allowed:
            raise BadParameter(
                str(
                    unknown(
                        f"parameter of {registration.kind} {registration.name!r}:", name, allowed
                    )
                )
            )
        if name in registration.parameters:
            try:
                registration.parameters[name].check(value)
            except BadParameter as error:
                raise BadParameter(f"Parameter {name!r} in '{pick}': {error}.") from None
    return pick


def _parameters(registration: Registration) -> set[str] | None:
    """Names a user may set; None where only importing the target could tell."""
    declared = set(registration.parameters)
    if isinstance(registration, Dataset):
        declared.add("modalities")
        if registration.layout:
            declared.add("root")
    if isinstance(registration.target, str):
        return declared
    signature: Mapping[str, inspect.Parameter] = inspect.signature(registration.target).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in signature.values()):
        return None
    contract = {"self", "dims", "out_dim", "spec", "dim", "terms", "dim_i", "dim_j"}
    if isinstance(registration, Fusion) and registration.per_modality == "named":
        contract.add("modality")
    return declared | (set(signature) - contract)
