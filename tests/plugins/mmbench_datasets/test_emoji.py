from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline

from mmbench.data.samples import Samples
from mmbench_datasets import emoji

COUNTS = {
    "Activities": 85,
    "Animals & Nature": 159,
    "Flags": 270,
    "Food & Drink": 131,
    "Objects": 264,
    "People & Body": 386,
    "Smileys & Emotion": 169,
    "Symbols": 224,
    "Travel & Places": 218,
}


@pytest.fixture(scope="module")
def samples() -> Samples:
    return emoji.load()


def _where(samples: Samples, name: str) -> int:
    return samples.inputs["text"].tolist().index(name)


def _group(samples: Samples, *names: str) -> set[int]:
    assert samples.groups is not None
    return {int(samples.groups[_where(samples, name)]) for name in names}


def test_shapes_and_categories(samples: Samples) -> None:
    assert samples.inputs["image"].shape == (1906, 3, 32, 32)
    assert samples.inputs["image"].dtype == np.uint8
    counts = dict(zip(samples.target_names, np.bincount(samples.targets).tolist(), strict=True))
    assert counts == COUNTS


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("keycap: #", "Symbols"),
        ("pizza", "Food & Drink"),
        ("Japan", "Flags"),
        ("tiger", "Animals & Nature"),
        ("red heart", "Smileys & Emotion"),
    ],
)
def test_known_emoji(samples: Samples, name: str, category: str) -> None:
    assert samples.target_names[samples.targets[_where(samples, name)]] == category


def test_picture_and_name_belong_together(samples: Samples) -> None:
    # The flag of Japan: white, with a red disc in the middle.
    flag = samples.inputs["image"][_where(samples, "Japan")]
    red, green, blue = flag[:, 15:17, 15:17].mean(axis=(1, 2))
    assert red > 200
    assert max(green, blue) < 100
    assert flag[:, 15, 4].min() > 200
    # A heart that is black is darker than one that is white.
    black, white = (
        samples.inputs["image"][_where(samples, f"{c} heart")] for c in ("black", "white")
    )
    assert black.mean() + 50 < white.mean()
    # No picture is blank: the sheet's empty end is not read.
    assert (samples.inputs["image"].reshape(1906, -1).std(axis=1) > 0).all()


def test_names_do_not_spell_the_category_out(samples: Samples) -> None:
    texts = samples.inputs["text"].tolist()
    assert all(isinstance(text, str) and text for text in texts)
    assert not [text for text in texts if text.startswith("flag:")]
    assert not set(texts) & set(samples.target_names)


def test_variants_of_one_emoji_share_a_group(samples: Samples) -> None:
    runners = [f"{who} running" for who in ("man", "woman", "person")]
    assert len(_group(samples, *runners, "man running: facing right")) == 1
    assert len(_group(samples, "France", "Clipperton Island", "St. Martin")) == 1
    assert len(_group(samples, "man running", "man walking", "France", "Germany")) == 4
    # Signs that modify others stand for themselves here.
    assert len(_group(samples, "female sign", "male sign", "right arrow")) == 3
    assert len(np.unique(samples.groups)) == 1699


def test_groups_agree_on_the_category_and_hold_all_equal_pictures(samples: Samples) -> None:
    assert samples.groups is not None
    pairs = np.unique(np.stack([samples.groups, samples.targets]), axis=1)
    assert pairs.shape[1] == len(np.unique(samples.groups))
    pictures: dict[bytes, set[int]] = {}
    for picture, group in zip(samples.inputs["image"], samples.groups.tolist(), strict=True):
        pictures.setdefault(picture.tobytes(), set()).add(group)
    assert all(len(groups) == 1 for groups in pictures.values())


def test_pixels_come_near_the_published_figure(
    samples: Samples, probe: Callable[..., float]
) -> None:
    pixels = samples.inputs["image"].reshape(1906, 3, 16, 2, 16, 2).mean(axis=(3, 5))
    accuracy = probe(samples, pixels.reshape(1906, -1), strength=0.003, folds=3)
    # Five folds that tear variants of one emoji apart give 0.606.
    assert accuracy == pytest.approx(0.58, abs=0.03)


def test_names_help_without_their_giveaway(samples: Samples) -> None:
    model = make_pipeline(
        TfidfVectorizer(sublinear_tf=True), LogisticRegression(C=20, max_iter=1000)
    )
    scores = cross_val_score(
        model,
        samples.inputs["text"],
        samples.targets,
        groups=samples.groups,
        cv=GroupKFold(5),
    )
    assert np.mean(scores) == pytest.approx(0.64, abs=0.03)


def test_the_text_may_hold_everything_that_is_said_of_an_emoji() -> None:
    names = emoji.load().inputs["text"]
    keywords = emoji.load(text="keywords").inputs["text"]
    assert len(names) == len(keywords)
    for name, said in zip(names[::50], keywords[::50], strict=True):
        assert str(name) in str(said)
    assert any(str(said).startswith("flag: ") for said in keywords)
    assert not any(str(name).startswith("flag: ") for name in names)
