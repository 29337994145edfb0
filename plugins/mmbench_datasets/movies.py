"""Films of 1940 to 2014 from Wikidata: who made them, facts about them, genres and reviews.

What is left out, and why:

- Genres are never an input, not even of the regression: both tasks see the same inputs.
- The meter is never an input. It is the share of favourable reviews; the number of reviews says how
  many there were, not what they said, and is an input.
- Oscars follow from how a film was received, so they would tell the meter its own consequence.
- Box office and reviews are known only after a film's release. The tasks describe films that have
  been seen, they do not forecast.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmbench.data.samples import Samples
from mmbench_datasets.files import DATA

__all__ = ["FEATURES", "GENRES", "load_genres", "load_meter"]

GENRES = (
    "Action",
    "Adventure",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Horror",
    "Romance",
    "Sci-Fi",
    "Thriller",
)
"""Those of at least 5 % of the films."""

LANGUAGES = ("English", "French", "German", "Hindi", "Italian", "Japanese", "Russian", "Spanish")
COUNTRIES = (
    "Australia",
    "Belgium",
    "Canada",
    "France",
    "Germany",
    "India",
    "Italy",
    "Japan",
    "Spain",
    "United Kingdom",
    "United States",
)
"""Like the languages, those of at least 1 % of the films."""

FEATURES = (
    "year",
    "runtime",
    "log_box_office",
    "log_reviews",
    "runtime_unknown",
    "box_office_unknown",
    "language_unknown",
    *LANGUAGES,
    *COUNTRIES,
)
"""Columns of `tabular`: year, minutes, log(1 + US dollars), log(1 + reviews), then 0 or 1."""

_TEXT = ["Title", "Director", "Writer", "Cast"]


def load_genres() -> Samples:
    """Films with a known genre; targets (N, 11) of 0 and 1, all 0 where its genres are rarer ones.

    `text` is title, director, writer and cast in one string; `tabular` (N, 26) float32 is
    `FEATURES`.
    """
    films = _read("Genre")
    return Samples(
        _inputs(films),
        targets=_members(films["Genre"], GENRES).astype(np.int64),
        target_names=GENRES,
    )


def load_meter() -> Samples:
    """Films with a known meter, the percentage of favourable reviews; the same inputs."""
    films = _read("Meter")
    return Samples(
        _inputs(films),
        targets=films["Meter"].to_numpy(dtype=np.float64),
        target_names=("meter",),
    )


def _read(known: str) -> pd.DataFrame:
    """The films whose column `known` is known."""
    # Only an empty field is unknown: "None" or "NA" may be somebody's title.
    films = pd.read_csv(DATA / "movies.csv.xz", keep_default_na=False, na_values=[""])
    kept: pd.DataFrame = films.dropna(subset=[known]).reset_index(drop=True)
    return kept


def _inputs(films: pd.DataFrame) -> dict[str, npt.NDArray[Any]]:
    return {"tabular": _tabular(films), "text": _text(films)}


def _text(films: pd.DataFrame) -> npt.NDArray[np.object_]:
    """One string a film; unknown people are left out."""
    parts = films[_TEXT].fillna("").to_numpy(dtype=object)
    # Objects: a fixed width would be that of the longest text, 2,000 letters for every film.
    texts = np.empty(len(films), dtype=object)
    texts[:] = [". ".join(filter(None, row)) for row in parts]
    return texts


def _tabular(films: pd.DataFrame) -> npt.NDArray[np.float32]:
    # Reviews are unknown for three films: a column for that would be constant almost everywhere.
    numbers = [
        films["Year"],
        films["Runtime"],
        np.log1p(films["BoxOffice"]),
        np.log1p(films["Reviews"]),
        films["Runtime"].isna(),
        films["BoxOffice"].isna(),
        films["Language"].isna(),
    ]
    return np.concatenate(
        [
            np.stack([column.to_numpy(dtype=np.float32) for column in numbers], axis=1),
            _members(films["Language"], LANGUAGES),
            _members(films["Country"], COUNTRIES),
        ],
        axis=1,
        dtype=np.float32,
    )


def _members(lists: pd.Series[str], names: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    """(N, K): whether each name is in a comma-separated list; an unknown list holds none."""
    held = lists.fillna("").str.split(", ").map(set)
    return np.array([[name in row for name in names] for row in held], dtype=np.bool_)
