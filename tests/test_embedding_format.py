"""Risk: a program with another release of sentence-transformers cannot read what is published."""

import json
from pathlib import Path

import pytest

from resources.embedding.base_model import packaged_model
from sambodhan_assets.domain.embedding.model import load_sentence_model, save_sentence_model
from sambodhan_assets.domain.embedding.older_format import write_older_format
from tests.tiny_sentence_model import build_tiny_sentence_model

TEXTS = ["car brand: toyta", "car model: ertga " * 40]
# As all-MiniLM-L6-v2 was saved by release 2.0 in 2021.
POOLING = {
    "pooling_mode_cls_token": False,
    "pooling_mode_max_tokens": False,
    "pooling_mode_mean_sqrt_len_tokens": False,
    "pooling_mode_mean_tokens": True,
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("format")
    model = load_sentence_model(build_tiny_sentence_model(folder / "tiny"))
    save_sentence_model(model, folder / "saved")
    return folder / "saved"


def read(folder: Path, name: str):
    return json.loads((folder / name).read_text())


def test_a_model_is_saved_under_the_names_of_older_releases(saved: Path):
    assert [module["type"] for module in read(saved, "modules.json")] == [
        "sentence_transformers.models.Transformer",
        "sentence_transformers.models.Pooling",
    ]
    assert read(saved, "1_Pooling/config.json") == {"word_embedding_dimension": 32, **POOLING}
    assert read(saved, "sentence_bert_config.json") == {
        "max_seq_length": 64,
        "do_lower_case": False,
    }


def test_it_answers_as_before_and_can_be_saved_again(saved: Path, tmp_path: Path):
    once = load_sentence_model(saved)
    save_sentence_model(once, tmp_path / "again")
    twice = load_sentence_model(tmp_path / "again")
    original = load_sentence_model(saved.parent / "tiny")
    assert (once.encode(TEXTS) == original.encode(TEXTS)).all()
    assert (twice.encode(TEXTS) == original.encode(TEXTS)).all()
    for file in saved.rglob("*.json"):
        assert file.read_bytes() == (tmp_path / "again" / file.relative_to(saved)).read_bytes()


def test_the_packaged_model_keeps_its_own_configuration(tmp_path: Path):
    packaged = packaged_model()
    assert packaged is not None
    save_sentence_model(load_sentence_model(packaged), tmp_path / "saved")
    for name in ("sentence_bert_config.json", "1_Pooling/config.json"):
        assert read(tmp_path / "saved", name) == read(packaged, name)
    kinds = [module["type"] for module in read(packaged, "modules.json")]
    assert [module["type"] for module in read(tmp_path / "saved", "modules.json")] == kinds


@pytest.mark.parametrize(
    ("file", "changed"),
    [
        ("1_Pooling/config.json", {"pooling_mode": "lasttoken"}),
        ("1_Pooling/config.json", {"pooling_mode": ["mean", "max"]}),
        ("1_Pooling/config.json", {"include_prompt": False}),
        ("sentence_bert_config.json", {"do_lower_case": True}),
        ("modules.json", "sentence_transformers.base.modules.router.Router"),
    ],
)
def test_what_older_releases_do_not_know_stays_as_it_is(tmp_path: Path, file: str, changed):
    tiny = build_tiny_sentence_model(tmp_path / "tiny")
    content = read(tiny, file)
    if isinstance(changed, str):
        content[1]["type"] = changed
    else:
        content |= changed
    (tiny / file).write_text(json.dumps(content))
    before = {path: path.read_bytes() for path in tiny.rglob("*.json")}
    assert not write_older_format(tiny, max_seq_length=64)
    assert {path: path.read_bytes() for path in tiny.rglob("*.json")} == before
