"""Risk: a new version overwrites what people wrote into a card, or a label's name breaks it."""

import pytest
import yaml
from huggingface_hub import DatasetCard
from hypothesis import given
from hypothesis import strategies as st

from sambodhan_assets.domain.card_text import card_text, inline, keep_hand_written, markdown_table
from sambodhan_assets.domain.errors import PermanentError
from tests.standins.hubserver import validate_card

OLD = card_text({"language": ["ne"], "license": "mit", "tags": ["ours"]}, "# Old\n\n10 rows")
NEW = card_text({"language": ["ne", "en"], "tags": ["ours"]}, "# New\n\n20 rows")
BY_HAND = (
    "---\nversion: 1.10\nwidget:\n- text: 'पानी आएन'\ntags: [civic]\n---\n# Notes\n\nBy hand.\n"
)
VALUES = st.text(st.characters(exclude_categories=["Cs"]))
# With the pieces that headers and our own part are made of.
TEXTS = st.lists(
    st.sampled_from(["---", "\n", "# A", " ", "<!--", "-->", "| x |", "a: b", "खानेपानी", "\t"])
).map("".join) | st.text(st.characters(exclude_categories=["Cs", "Cc"]))


def header(card: str) -> dict:
    return DatasetCard(card, ignore_metadata_errors=False).data.to_dict()


def body(card: str) -> str:
    return card.split("\n---\n", 1)[1]


def test_words_around_our_part_stay_where_they_are():
    edited = OLD.replace("<!-- sambodhan:begin", "Above.\n\n<!-- sambodhan:begin") + "\nBelow.\n"
    kept = keep_hand_written(edited, NEW)
    places = [kept.index(text) for text in ("Above.", "# New", "20 rows", "Below.")]
    assert places == sorted(places)
    assert "# Old" not in kept
    assert keep_hand_written(kept, NEW) == kept


def test_keys_of_people_stay_to_the_digit_and_keys_that_we_stop_writing_go():
    kept = keep_hand_written(BY_HAND, OLD)
    assert "version: 1.10\n" in kept
    assert header(kept) == {
        "language": ["ne"],
        "license": "mit",
        "tags": ["ours", "civic"],
        "version": 1.1,
        "widget": [{"text": "पानी आएन"}],
    }
    later = header(keep_hand_written(kept, NEW))
    assert "license" not in later
    assert later["tags"] == ["ours", "civic"]
    assert later["widget"] == [{"text": "पानी आएन"}]


def test_a_license_that_people_set_is_not_ours_to_remove():
    kept = keep_hand_written("---\nlicense: cc-by-4.0\n---\n", NEW)
    assert header(keep_hand_written(kept, NEW))["license"] == "cc-by-4.0"


def test_a_card_that_was_never_ours_goes_below_ours_and_comes_back_as_it_was():
    kept = keep_hand_written(BY_HAND, NEW)
    assert kept.index("20 rows") < kept.index("By hand.")
    assert keep_hand_written(kept, BY_HAND) == BY_HAND
    assert "More." in keep_hand_written(kept + "\nMore.\n", BY_HAND)


@pytest.mark.parametrize("comment", ["<!-- sambodhan:end -->", "<!-- sambodhan:begin (written"])
def test_nothing_is_dropped_where_one_of_our_comments_is_missing(comment: str):
    broken = NEW.replace(comment, "") + "\nBelow.\n"
    kept = keep_hand_written(broken, OLD)
    assert all(text in kept for text in ("Below.", "10 rows", "20 rows"))
    again = keep_hand_written(kept, OLD)
    assert again == kept


def test_a_card_of_windows_and_one_without_a_header_are_read():
    assert "By hand." in keep_hand_written(BY_HAND.replace("\n", "\r\n"), NEW)
    assert header(keep_hand_written("\ufeff" + BY_HAND, NEW))["version"] == 1.1
    assert keep_hand_written("By hand.", NEW).endswith("\nBy hand.\n")
    assert keep_hand_written("", NEW) == NEW
    assert keep_hand_written("---\n---\n", NEW) == NEW
    assert header(keep_hand_written("---\nname: a---\n---\n", NEW))["name"] == "a---"


@pytest.mark.parametrize(
    "broken", ["---\na: [\n---\n", "---\n- a\n- b\n---\n", "---\n:\t- \n---\n"]
)
def test_a_header_that_cannot_be_read_is_not_overwritten(broken: str):
    with pytest.raises(PermanentError, match=r"Correct the header of README\.md"):
        keep_hand_written(broken, NEW)


@given(above=TEXTS, below=TEXTS, key=st.from_regex(r"\A[a-z]{1,9}\Z"), value=VALUES)
def test_any_text_around_our_part_and_any_key_survive_every_version(above, below, key, value):
    first = keep_hand_written(yaml_card({f"x-{key}": value}, f"{above}\n"), OLD) + below
    second = keep_hand_written(keep_hand_written(first, NEW), OLD)
    assert body(second) == body(first)
    assert header(second)[f"x-{key}"] == value


def yaml_card(keys: dict, text: str) -> str:
    return f"---\n{yaml.safe_dump(keys, allow_unicode=True)}---\n{text}"


@given(VALUES, VALUES)
def test_any_text_is_a_value_and_a_cell_and_never_ends_our_part(label, more):
    text = f"{label} <!-- sambodhan:end --> | {more}"
    card = card_text({"name": text, "names": {"0": text}}, markdown_table(["id"], [[text]]))
    assert header(card) == {"name": text, "names": {"0": text}}
    assert validate_card(card, "dataset") == ([], [])
    assert body(card).count("<!-- sambodhan:end -->") == 1
    assert keep_hand_written(card, card) == card


def test_markup_in_a_name_is_shown_and_not_obeyed():
    assert inline("a|b *c* <d>\n`e`") == r"a\|b \*c\* &lt;d> \`e\`"
