"""A profile of a dataset on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple, fields

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mmbench.data.interactions import Interactions
from mmbench.data.profile import Profile
from mmbench.data.profile_interactions import Estimate
from mmbench.data.profile_targets import QUANTILES

__all__ = ["print_profile"]

WIDTH_OF_A_FILE = 100
_CLASSES = 30
_EXAMPLES = 8
_WHAT_INTERACTIONS_ARE = (
    "Redundancy is told by either of the two, unique bits by one alone, synergy only by both together, as "
    "far as clusters of plain features show it."
)


def print_profile(found: Profile) -> None:
    """Print a profile in at most 100 columns, with the first of long lists."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH_OF_A_FILE)
    about = f"{found.dataset}: {found.task}, on the split of seed {found.seed} ({found.split})"
    console.print(Text(about, "bold"))
    for section in _SECTIONS:
        if (table := section(found)) is not None:
            table.print(console)
    console.print()
    for line in _lines(found):
        console.print(Text(line))
    for warning in found.warnings:
        console.print(Text(f"Warning: {warning}", "yellow"))


class _Section:
    """A titled table, of whose columns the first `words` are words and the others numbers."""

    def __init__(self, title: str, headings: Sequence[str], words: int = 1, note: str = "") -> None:
        self._title, self._note = title, note
        self._table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for heading in headings[:words]:
            self._table.add_column(heading, overflow="fold")
        for heading in headings[words:]:
            self._table.add_column(heading, overflow="fold", justify="right")

    def add(self, *cells: object) -> None:
        self._table.add_row(*(Text("–" if cell is None else str(cell)) for cell in cells))

    def print(self, console: Console) -> None:
        console.print()
        console.print(Text(self._title, "bold"))
        console.print(self._table)
        if self._note:
            console.print(Text(self._note, "dim"))


def _parts(found: Profile) -> _Section:
    groups = ["groups"] if found.groups else []
    section = _Section("Parts", ["part", "samples", *groups, "looked into"])
    for part, size in found.sizes.items():
        counted = [found.groups[part]] if groups else []
        section.add(part, size, *counted, found.looked_into.get(part))
    return section


def _modalities(found: Profile) -> _Section:
    headings = ["modality", "kind", "one sample", "lengths", "unknown", "outliers"]
    section = _Section("Modalities", headings, words=3)
    for name, one in found.modalities.items():
        shape = " × ".join(map(str, one.shape)) or "one text"
        lengths = "–".join(map(str, one.lengths)) or None
        shares = map(_percent, (one.unknown, one.outliers.share))
        section.add(name, one.kind, shape, lengths, *shares)
    return section


def _absent(found: Profile) -> _Section | None:
    if not any(any(one.absent.values()) for one in found.modalities.values()):
        return None
    section = _Section("Samples without a modality", ["modality", *found.sizes])
    for name, one in found.modalities.items():
        section.add(name, *map(_percent, one.absent.values()))
    return section


def _targets(found: Profile) -> _Section:
    if found.targets.items is not None:
        section = _Section("Targets", ["different items"], words=0)
        section.add(found.targets.items)
        return section
    if found.targets.quantiles:
        return _quantiles(found)
    gaps = {n: one.absent_by_class for n, one in found.modalities.items() if one.absent_by_class}
    headings = ["class", *found.sizes, *(f"without {name} in train" for name in gaps)]
    section = _Section(_spread(found), headings)
    for label, counts in list(found.targets.counts.items())[:_CLASSES]:
        shares = [_percent(gap[label]) if label in gap else None for gap in gaps.values()]
        section.add(label, *counts.values(), *shares)
    if len(found.targets.counts) > _CLASSES:
        section.add(f"… and {len(found.targets.counts) - _CLASSES} more")
    return section


def _quantiles(found: Profile) -> _Section:
    points = [f"{point:.0%}" for point in QUANTILES]
    section = _Section("Quantiles of the targets", ["target", "part", *points], words=2)
    for name, parts in found.targets.quantiles.items():
        for part, values in parts.items():
            section.add(name, part, *(f"{value:.4g}" for value in values))
    return section


def _spread(found: Profile) -> str:
    targets, said = found.targets, []
    if targets.entropy is not None:
        said.append(f"entropy {targets.entropy:.2f} of at most {targets.most_entropy:.2f} bits")
    if targets.imbalance is not None:
        said.append(f"the most frequent {targets.imbalance:.1f} times the rarest")
    return f"Targets: {', '.join(said)}" if said else "Targets"


def _probes(found: Profile) -> _Section | None:
    if found.prior is None and found.together is None:
        return None
    section = _Section("Linear models of plain features, on validation", ["input", found.metric])
    scores = {"none (prior)": found.prior}
    scores |= {name: one.probe for name, one in found.modalities.items()}
    for name, score in {**scores, "all together": found.together}.items():
        section.add(name, None if score is None else f"{score:.3f}")
    return section


def _interactions(found: Profile) -> _Section | None:
    estimates = {pair: pair.estimate for pair in found.pairs if pair.estimate is not None}
    if not estimates:
        return None
    entropy = next(iter(estimates.values())).entropy
    parts = [field.name.replace("_", " ") for field in fields(Interactions)]
    section = _Section(
        f"Interactions in bits, ± half a 95 % interval; the target holds {entropy:.2f}",
        ["modalities 1, 2", *parts],
        note=_WHAT_INTERACTIONS_ARE,
    )
    for pair, one in estimates.items():
        section.add(f"{pair.first}, {pair.second}", *_plus_minus(one))
    return section


def _plus_minus(one: Estimate) -> Iterator[str]:
    for value, low, high in zip(*map(astuple, (one.value, one.low, one.high)), strict=True):
        yield f"{value:.2f} ± {(high - low) / 2:.2f}".replace("-0.00", "0.00")


def _repeated(found: Profile) -> _Section | None:
    if not found.repeated:
        return None
    section = _Section(
        "Samples of a part that equal one of an earlier part",
        ["equal in", "part", "earlier", "samples", "such as"],
        words=3,
    )
    for one in found.repeated:
        earlier, later = one.ids[0]
        section.add(
            one.modality or "all of it", one.later, one.earlier, one.samples, f"{later} = {earlier}"
        )
    return section


def _lines(found: Profile) -> Iterator[str]:
    for name, one in found.modalities.items():
        if one.outliers.ids:
            yield f"Outliers in {name}, the farthest first: {_some(one.outliers.ids)}."
    for reason in dict.fromkeys(pair.reason for pair in found.pairs if pair.reason):
        yield f"No interactions: {reason}"


def _some(ids: Sequence[int]) -> str:
    more = ", …" if len(ids) > _EXAMPLES else ""
    return ", ".join(map(str, ids[:_EXAMPLES])) + more


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share else "0"


_SECTIONS = (_parts, _modalities, _absent, _targets, _probes, _interactions, _repeated)
