from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.preprocessing import StandardScaler

from mmbench.data.samples import Samples
from mmbench_datasets import movies
from mmbench_datasets.files import DATA

SHARES = {
    "Action": 2359,
    "Adventure": 914,
    "Comedy": 5568,
    "Crime": 2201,
    "Documentary": 1597,
    "Drama": 8925,
    "Fantasy": 1191,
    "Horror": 1922,
    "Romance": 2666,
    "Sci-Fi": 1203,
    "Thriller": 2051,
}


@pytest.fixture(scope="module")
def genres() -> Samples:
    return movies.load_genres()


@pytest.fixture(scope="module")
def meter() -> Samples:
    return movies.load_meter()


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return pd.read_csv(DATA / "movies.csv.xz", keep_default_na=False)


def _column(samples: Samples, name: str) -> np.ndarray:
    return samples.inputs["tabular"][:, movies.FEATURES.index(name)]


def test_shapes(genres: Samples, meter: Samples) -> None:
    for samples, count in ((genres, 17472 - 443), (meter, 17472 - 19)):
        assert len(samples) == count
        assert samples.inputs["tabular"].shape == (count, len(movies.FEATURES))
        assert samples.inputs["tabular"].dtype == np.float32
        assert all(isinstance(text, str) and text for text in samples.inputs["text"])


def test_labels_are_the_genres_of_at_least_five_percent(
    genres: Samples, table: pd.DataFrame
) -> None:
    assert genres.target_names == tuple(SHARES)
    assert genres.targets.sum(axis=0).tolist() == list(SHARES.values())
    counted = table["Genre"].str.split(", ").explode().value_counts() / len(table)
    assert sorted(counted.index[counted >= 0.05]) == list(SHARES)


def test_rare_genres_only_leave_a_film_without_label(genres: Samples) -> None:
    unlabelled = ~genres.targets.any(axis=1)
    assert 0.01 < unlabelled.mean() < 0.1


def test_the_intouchables(genres: Samples, meter: Samples) -> None:
    where = 2
    assert genres.inputs["text"][where].startswith(
        "The Intouchables. Olivier Nakache, Éric Toledano. Olivier Nakache, Éric Toledano. Alba"
    )
    names = np.array(genres.target_names)
    assert names[genres.targets[where] == 1].tolist() == ["Comedy", "Drama"]
    assert meter.targets[where] == 76
    row = dict(zip(movies.FEATURES, meter.inputs["tabular"][where].tolist(), strict=True))
    assert (row["year"], row["runtime"], row["French"], row["France"]) == (2011, 112, 1, 1)
    assert row["log_box_office"] == pytest.approx(np.log1p(426588510), rel=1e-6)
    assert row["log_reviews"] == pytest.approx(np.log1p(129), rel=1e-6)
    assert sum(row.values()) == pytest.approx(
        2011 + 112 + 2 + np.log1p(426588510) + np.log1p(129), rel=1e-6
    )


def test_unknown_numbers_are_nan_and_marked(meter: Samples) -> None:
    for name, marker, count in (
        ("runtime", "runtime_unknown", 1298),
        ("log_box_office", "box_office_unknown", 14694),
    ):
        assert np.array_equal(np.isnan(_column(meter, name)), _column(meter, marker) == 1)
        assert _column(meter, marker).sum() == pytest.approx(count, abs=20)
    others = [
        name for name in movies.FEATURES if name not in ("runtime", "log_box_office", "log_reviews")
    ]
    assert not any(np.isnan(_column(meter, name)).any() for name in others)
    assert np.isnan(_column(meter, "log_reviews")).sum() <= 3
    spoken = np.stack([_column(meter, name) for name in movies.LANGUAGES])
    assert not spoken[:, _column(meter, "language_unknown") == 1].any()


@pytest.mark.parametrize(("lists", "named"), [("LANGUAGES", "Language"), ("COUNTRIES", "Country")])
def test_lists_are_those_of_at_least_one_percent(
    table: pd.DataFrame, lists: str, named: str
) -> None:
    counted = table[named].str.split(", ").explode().value_counts() / len(table)
    common = counted.index[(counted >= 0.01) & (counted.index != "")]
    assert tuple(sorted(common)) == getattr(movies, lists)


def _rows(table: pd.DataFrame, known: str) -> Iterator[tuple[str, str, str]]:
    for row in table[table[known] != ""].itertuples():
        text = ". ".join(filter(None, (row.Title, row.Director, row.Writer, row.Cast)))
        yield text, row.Genre, row.Title


@pytest.mark.parametrize("known", ["Genre", "Meter"])
def test_text_is_title_and_people_and_nothing_of_the_targets(
    table: pd.DataFrame, genres: Samples, meter: Samples, known: str
) -> None:
    samples = genres if known == "Genre" else meter
    expected = list(_rows(table, known))
    assert samples.inputs["text"].tolist() == [text for text, _, _ in expected]
    told = [title for text, genre, title in expected if ", " in genre and genre in text]
    assert told == []


def test_no_column_is_the_meter_or_the_oscars(table: pd.DataFrame, meter: Samples) -> None:
    oscars = table["Oscars"][table["Meter"] != ""].to_numpy(dtype=float)
    for name in movies.FEATURES:
        column = np.nan_to_num(_column(meter, name).astype(float))
        assert abs(np.corrcoef(column, meter.targets)[0, 1]) < 0.4, name
        assert abs(np.corrcoef(column, oscars)[0, 1]) < 0.4, name


@pytest.fixture(scope="module")
def part() -> tuple[np.ndarray, np.ndarray]:
    index = np.random.default_rng(0).permutation(17453)[:8000]
    return index[:6400], index[6400:]


def test_tabular_reaches_the_published_figure(
    meter: Samples, part: tuple[np.ndarray, np.ndarray]
) -> None:
    train, test = part
    values = meter.inputs["tabular"].astype(float)
    values = np.where(np.isnan(values), np.nanmean(values[train], axis=0), values)
    scaler = StandardScaler().fit(values[train])
    model = Ridge().fit(scaler.transform(values[train]), meter.targets[train])
    found = model.predict(scaler.transform(values[test]))
    assert r2_score(meter.targets[test], found) == pytest.approx(0.192, abs=0.04)


def test_text_reaches_the_published_figure(
    meter: Samples, part: tuple[np.ndarray, np.ndarray]
) -> None:
    train, test = part
    vectors = TfidfVectorizer(sublinear_tf=True, min_df=2)
    model = Ridge(alpha=3).fit(
        vectors.fit_transform(meter.inputs["text"][train]), meter.targets[train]
    )
    found = model.predict(vectors.transform(meter.inputs["text"][test]))
    assert r2_score(meter.targets[test], found) == pytest.approx(0.128, abs=0.04)
