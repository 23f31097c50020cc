"""Risk: a table of cases is itself wrong, so a recogniser is measured against nonsense."""

import csv
import re
import unicodedata
from collections import Counter
from pathlib import Path

import phonenumbers
import pytest

DATA = Path(__file__).parent / "data"
COLUMNS = {
    "personal_data_cases": ["kind", "script", "text", "personal", "note"],
    "personal_data_lookalikes": ["text", "note"],
    "crisis_cases": ["text", "script", "category", "term", "note"],
    "garbled_texts": ["text", "kind", "note"],
}
PERSONAL_KINDS = {
    *("email", "mobile", "landline", "citizenship", "pan"),
    *("passport", "bank_account", "card", "url_token", "coordinates"),
}
CATEGORIES = {"threat_to_life", "self_harm", "violence", "disaster", "none"}
GARBLED_KINDS = {"preeti", "mojibake", "replacement_chars", "control", "keyboard_mash", "fine"}


def table(name: str) -> list[dict[str, str]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def spans() -> list[tuple[str, str, str]]:
    """Each case's spans as (kind, span, text)."""
    found = []
    for row in table("personal_data_cases"):
        parts, kinds = row["personal"].split(" | "), row["kind"].split(" | ")
        kinds = kinds * len(parts) if len(kinds) == 1 else kinds
        found += [(*pair, row["text"]) for pair in zip(kinds, parts, strict=True)]
    return found


def digits(text: str) -> str:
    return "".join(str(unicodedata.decimal(letter)) for letter in text if letter.isdecimal())


def passes_luhn(number: str) -> bool:
    doubled = [int(digit) * 2 for digit in number[-2::-2]]
    return (sum(map(int, number[-1::-2])) + sum(n - 9 * (n > 9) for n in doubled)) % 10 == 0


def script(text: str) -> str:
    devanagari = re.search("[\u0900-\u0963\u0966-\u097f]", text)
    latin = any(c.isascii() and c.isalnum() or "\uff10" <= c <= "\uff5a" for c in text)
    return ("mixed" if latin else "devanagari") if devanagari else "latin"


@pytest.mark.parametrize("name", COLUMNS)
def test_every_table_has_its_columns_and_no_text_twice(name: str):
    rows = table(name)
    assert all(list(row) == COLUMNS[name] and None not in row.values() for row in rows)
    assert [text for text, times in Counter(row["text"] for row in rows).items() if times > 1] == []
    assert all(row["text"] and row["note"] for row in rows)


def test_every_personal_span_stands_in_its_text_in_this_order():
    for row in table("personal_data_cases"):
        at = 0
        for span in row["personal"].split(" | "):
            assert span
            assert row["text"].find(span, at) >= 0, row
            at = row["text"].find(span, at) + len(span)


def test_every_kind_of_personal_data_is_known_and_has_cases_in_both_scripts():
    assert {kind for kind, _, _ in spans()} == PERSONAL_KINDS
    texts = Counter(row["kind"] for row in table("personal_data_cases"))
    assert all(texts[kind] >= 25 for kind in PERSONAL_KINDS), texts
    with_devanagari = Counter(kind for kind, _, text in spans() if script(text) != "latin")
    assert all(with_devanagari[kind] >= 12 for kind in PERSONAL_KINDS), with_devanagari


@pytest.mark.parametrize("name", ["personal_data_cases", "crisis_cases"])
def test_the_script_column_says_what_the_letters_are(name: str):
    assert [row for row in table(name) if row["script"] != script(row["text"])] == []


def test_cards_pass_luhn_and_bank_accounts_do_not():
    cards = [digits(span) for kind, span, _ in spans() if kind == "card"]
    assert all(13 <= len(card) <= 19 and card[0] != "0" and passes_luhn(card) for card in cards)
    accounts = [digits(span) for kind, span, _ in spans() if kind == "bank_account"]
    assert all(9 <= len(account) <= 20 for account in accounts)
    assert [a for a in accounts if 13 <= len(a) <= 19 and passes_luhn(a)] == []


def test_mobile_numbers_have_assigned_prefixes_and_pans_have_nine_digits():
    for kind, span, text in spans():
        if kind == "mobile":
            number = phonenumbers.parse(digits(span)[-10:], "NP")
            assert phonenumbers.is_valid_number(number), text
        if kind == "pan":
            assert len(digits(span)) == 9, text


def test_look_alikes_hold_no_address_no_card_and_no_text_of_the_cases():
    texts = [row["text"] for row in table("personal_data_lookalikes")]
    assert len(texts) >= 150
    assert [text for text in texts if re.search(r"\w@[\w-]+\.\w", text)] == []
    runs = [digits(run[0]) for text in texts for run in re.finditer(r"\d(?:[ .-]?\d)+", text)]
    assert [
        run for run in runs if 13 <= len(run) <= 19 and run[0] != "0" and passes_luhn(run)
    ] == []
    assert not set(texts) & {row["text"] for row in table("personal_data_cases")}


def test_crisis_terms_stand_in_their_texts_and_categories_are_known():
    rows = table("crisis_cases")
    assert {row["category"] for row in rows} == CATEGORIES
    assert len(rows) >= 120
    for row in rows:
        assert all(term in row["text"] for term in row["term"].split(" | ")), row
        assert row["term"] or row["category"] == "none", row


def test_garbled_kinds_are_known_and_tried_often_enough():
    kinds = Counter(row["kind"] for row in table("garbled_texts"))
    assert set(kinds) == GARBLED_KINDS
    assert min(kinds.values()) >= 10
