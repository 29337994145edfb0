from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mmbench.data.samples import Samples
from mmbench.errors import BadParameter
from mmbench_datasets import prompts
from mmbench_datasets.files import DATA
from mmbench_datasets.log_mel import log_mel

soundfile = pytest.importorskip("soundfile", reason="the extra `formats` decodes prompts.ogg")

COUNTS = {"conference": 82, "letter": 60, "number": 94, "spelling word": 26, "voicemail": 112}


@pytest.fixture(scope="module")
def topic() -> Samples:
    return prompts.load_topic()


@pytest.fixture(scope="module")
def retrieval() -> Samples:
    return prompts.load_retrieval()


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return pd.read_csv(DATA / "prompts.csv", keep_default_na=False, index_col="name")


def _texts(samples: Samples) -> list[str]:
    found: list[str] = samples.inputs["text"].tolist()
    return found


def _speech(samples: Samples, text: str) -> np.ndarray:
    row = _texts(samples).index(text)
    return samples.inputs["speech"][row, : samples.lengths["speech"][row]]


def test_shapes_and_topics(topic: Samples, retrieval: Samples) -> None:
    assert topic.inputs["speech"].shape == (374, 249, 40)
    assert retrieval.inputs["speech"].shape == (509, 249, 40)
    counts = dict(zip(topic.target_names, np.bincount(topic.targets).tolist(), strict=True))
    assert counts == COUNTS
    assert retrieval.targets.tolist() == list(range(509))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("twelve", "number"),
        ("January", "number"),
        ("ampersand", "letter"),
        ("foxtrot", "spelling word"),
        ("Message deleted.", "voicemail"),
        ("The conference is now muted.", "conference"),
    ],
)
def test_known_prompts(topic: Samples, text: str, expected: str) -> None:
    assert topic.target_names[topic.targets[_texts(topic).index(text)]] == expected


def test_speech_is_the_log_mel_of_its_place_in_the_sound(
    topic: Samples, table: pd.DataFrame
) -> None:
    place = table.loc["phonetic/f_p"]
    sound, rate = soundfile.read(
        DATA / "prompts.ogg", start=place.start_sample, frames=place.n_samples, dtype="float32"
    )
    assert rate == 8000
    # Decoding from the middle may differ from decoding it all in the last bit.
    assert _speech(topic, "foxtrot") == pytest.approx(log_mel(sound, 8000), abs=0.05)


def test_speech_ends_after_its_length_or_four_seconds(
    retrieval: Samples, table: pd.DataFrame
) -> None:
    for row, length in enumerate(retrieval.lengths["speech"]):
        assert not retrieval.inputs["speech"][row, length:].any()
    assert _speech(retrieval, "zero").shape == ((6998 - 256) // 128 + 1, 40)
    longest = table["n_samples"].max()
    assert longest == 586_790  # 73 s
    assert retrieval.lengths["speech"].max() == (32_000 - 256) // 128 + 1
    assert (retrieval.lengths["speech"] == 249).sum() == 67


def test_remarks_are_not_spoken(topic: Samples, retrieval: Samples) -> None:
    for samples in (topic, retrieval):
        assert not [text for text in _texts(samples) if re.search(r"[\[\]()<>]", text)]
        assert all(re.search(r"\w", text) for text in _texts(samples))
    assert "slash" in _texts(topic)
    assert "IAX" in _texts(retrieval)


def test_names_of_files_are_no_input(topic: Samples, table: pd.DataFrame) -> None:
    coded = {name for name in table.index if re.search(r"[-/_]", name)}
    assert not coded & set(_texts(topic))


def test_a_query_has_one_right_answer(retrieval: Samples) -> None:
    words = [" ".join(re.findall(r"[a-z0-9]+", text.lower())) for text in _texts(retrieval)]
    assert len(set(words)) == len(words)


def test_groups_join_what_has_the_same_words(topic: Samples) -> None:
    assert topic.groups is not None
    texts = np.array(_texts(topic))
    pairs = [("To exit the menu...", "...to exit the menu."), ("at", "at")]
    for first, second in pairs:
        rows = np.flatnonzero((texts == first) | (texts == second))
        assert len(rows) == 2
        assert len(np.unique(topic.groups[rows])) == 1
    assert len(np.unique(topic.groups)) == 356


def test_waveform_is_the_sound_itself(table: pd.DataFrame) -> None:
    samples = prompts.load_retrieval(features="waveform")
    assert samples.inputs["speech"].shape == (509, 32_000, 1)
    assert samples.inputs["speech"].dtype == np.float32
    start, length = table.loc["activated", ["start_sample", "n_samples"]]
    sound, _ = soundfile.read(DATA / "prompts.ogg", frames=length, dtype="float32")
    assert start == 0
    assert samples.lengths["speech"][0] == length
    assert np.array_equal(samples.inputs["speech"][0, :length, 0], sound)


def test_unknown_features_are_refused() -> None:
    with pytest.raises(BadParameter, match=r"log_mel or waveform\. Found 'mfcc'"):
        prompts.load_topic(features="mfcc")


def test_topics_can_be_told_from_words_and_from_speech(topic: Samples) -> None:
    length = topic.lengths["speech"]
    frames = [x[:n] for x, n in zip(topic.inputs["speech"], length, strict=True)]
    thirds = [np.concatenate([part.mean(0) for part in np.array_split(x, 3)]) for x in frames]
    speech = np.column_stack([np.stack(thirds), np.log(length)])
    heard = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000))
    read = make_pipeline(
        TfidfVectorizer(sublinear_tf=True, token_pattern=r"\w+"),
        LogisticRegression(C=20, max_iter=1000),
    )
    cutter = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    for model, x, published in ((heard, speech, 0.60), (read, topic.inputs["text"], 0.71)):
        scores = cross_val_score(model, x, topic.targets, groups=topic.groups, cv=cutter)
        assert np.mean(scores) == pytest.approx(published, abs=0.04)
