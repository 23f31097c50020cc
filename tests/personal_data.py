"""The tables of personal data, and generated values of every kind, for tests that plant them."""

import csv
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stdnum import luhn

DATA = Path(__file__).parent / "data"
DEVANAGARI = str.maketrans("0123456789", "०१२३४५६७८९")
FULL_WIDTH = str.maketrans("0123456789", "０１２３४५６७８９")
HYPHENS = ("-", "\u2013", "\u2011", "\u2212")
SPACES = (" ", "\u00a0", "\t", "\n", "\u2003")
JOINERS = ("\u200d", "\u200c", "\u200b", "\u2060", "\ufeff")

MOBILE_PREFIXES = ("984", "985", "986", "980", "981", "982", "974", "975", "976", "961", "970")
AREAS = ("21", "56", "61", "71", "81", "91", "51", "57")


@dataclass(frozen=True, kw_only=True)
class Case:
    """A text and the spans that are personal data, each with its kind, in the text's order."""

    text: str
    spans: tuple[tuple[str, str], ...]
    note: str


def cases() -> list[Case]:
    found = []
    for row in _table("personal_data_cases"):
        spans, kinds = row["personal"].split(" | "), row["kind"].split(" | ")
        kinds = kinds * len(spans) if len(kinds) == 1 else kinds
        pairs = tuple(zip(kinds, spans, strict=True))
        found.append(Case(text=row["text"], spans=pairs, note=row["note"]))
    return found


def look_alikes() -> list[str]:
    return [row["text"] for row in _table("personal_data_lookalikes")]


def _table(name: str) -> list[dict[str, str]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choice("0123456789") for _ in range(count))


def _grouped(rng: random.Random, digits: str, *patterns: tuple[int, ...], marks: str = "- ") -> str:
    mark, sizes = rng.choice(marks), rng.choice(patterns)
    joint = rng.choice(HYPHENS) if mark == "-" else rng.choice(SPACES) if mark == " " else mark
    parts, at = [], 0
    for size in sizes:
        parts.append(digits[at : at + size])
        at += size
    return joint.join(parts)


def mobile(rng: random.Random) -> str:
    digits = rng.choice(MOBILE_PREFIXES) + _digits(rng, 7)
    body = _grouped(
        rng,
        digits,
        (10,),
        (3, 7),
        (3, 3, 4),
        (5, 5),
        (4, 3, 3),
        (4, 6),
        (2, 2, 2, 2, 2),
        marks="- .",
    )
    country = ("", "", "+977", "+977 ", "+977-", "00977 ", "977-", "(+977) ", "(977)", "0")
    return rng.choice(country) + body


def landline(rng: random.Random) -> str:
    if rng.random() < 0.5:
        area, number = "1", rng.choice("456") + rng.choice("0123456") + _digits(rng, 5)
        number = _grouped(rng, "4" + number[1:], (7,), (3, 4))
    else:
        area, number = rng.choice(AREAS), rng.choice("23456") + _digits(rng, 5)
        number = _grouped(rng, number, (6,), (3, 3), (2, 2, 2))
    hyphen = rng.choice(HYPHENS)
    return rng.choice(
        (f"0{area}{hyphen}{number}", f"(0{area}) {number}", f"+977{hyphen}{area}{hyphen}{number}")
    )


def citizenship(rng: random.Random) -> str:
    parts = [_digits(rng, 2), _digits(rng, 2), _digits(rng, 2), _digits(rng, 5)]
    return rng.choice((*HYPHENS, "/")).join(parts)


def pan(rng: random.Random) -> str:
    return _grouped(rng, rng.choice("1356") + _digits(rng, 8), (9,), (3, 3, 3))


def passport(rng: random.Random) -> str:
    letters = rng.choice(("PA", "BA", "N", ""))
    return letters + _digits(rng, 7 if letters else 8)


def bank_account(rng: random.Random) -> str:
    # 11 or 12 digits, which no card has, and no mobile number's beginning.
    return "0" + rng.choice("012345678") + _digits(rng, rng.choice((9, 10)))


def card(rng: random.Random) -> str:
    digits = rng.choice(("4", "52", "62")) + _digits(rng, 14)
    digits = digits[:15] + luhn.calc_check_digit(digits[:15])
    return _grouped(rng, digits, (16,), (4, 4, 4, 4), (4, 8, 4), (6, 6, 4), marks="- .")


def email(rng: random.Random) -> str:
    name = rng.choice(("sita", "hari.k", "b_thapa", "ram+ward", "o'hara", "gita-99"))
    host = rng.choice(("example.com", "mail.example.org", "example.com.np", "EXAMPLE.NET"))
    return f"{name}{_digits(rng, 2)}{rng.choice(('@', '＠'))}{host}"


def url_token(rng: random.Random) -> str:
    host = rng.choice(("https://example.com", "http://example.org:8080", "www.example.com"))
    name = rng.choice(("token", "access_token", "api_key", "sig", "X-Amz-Signature", "session_id"))
    front = rng.choice(("", "id=5&", "lang=ne&"))
    return f"{host}/a/{_digits(rng, 3)}?{front}{name}={_digits(rng, 6)}ab"


def coordinates(rng: random.Random) -> str:
    latitude, longitude = f"2{rng.choice('789')}.{_digits(rng, 4)}", f"8{rng.choice('01234567')}."
    longitude += _digits(rng, 4)
    return rng.choice(
        (f"{latitude}, {longitude}", f"{latitude},{longitude}", f"{longitude} {latitude}")
        + (f"{latitude}N {longitude}E", f"{latitude}° N, {longitude}° E")
    )


VALUES: dict[str, Callable[[random.Random], str]] = {
    "email": email,
    "mobile": mobile,
    "landline": landline,
    "citizenship": citizenship,
    "pan": pan,
    "passport": passport,
    "bank_account": bank_account,
    "card": card,
    "url_token": url_token,
    "coordinates": coordinates,
}

# A word for each kind that needs one, as people write it before the value.
LABELS = {
    "email": ("इमेल: ", "mail ", ""),
    "mobile": ("मोबाइल नं ", "call ", "", "मेरो नम्बर: "),
    "landline": ("घर: ", "office ", ""),
    "citizenship": ("नागरिकता नं ", "citizenship no. ", ""),
    "pan": ("PAN ", "प्यान नं ", "स्थायी लेखा नम्बर "),
    "passport": ("passport no. ", "राहदानी नं ", "पासपोर्ट "),
    "bank_account": ("खाता नं ", "A/C no ", "बैंक खाता: "),
    "card": ("कार्ड ", "my card ", ""),
    "url_token": ("see ", "लिंक: "),
    "coordinates": ("स्थान ", "at ", ""),
}
BEFORE = (
    "",
    "धारामा पानी छैन। ",
    "वडा नं ५ मा बाटो बिग्रियो, ",
    "(",
    "No light for 3 days. ",
    "\u202a",
)
BEHIND = ("", "।", " ।", ")", ", कृपया हेर्नुहोस्", "\n धन्यवाद", ". Please come.", "\u202c", " लाई")


def planted(rng: random.Random, kind: str) -> Case:
    """A value of a kind in one of the digit systems, with a joiner inside, in a sentence."""
    value = VALUES[kind](rng)
    system = rng.choice((None, DEVANAGARI, FULL_WIDTH))
    value = value.translate(system) if system else value
    places = [at for at in range(1, len(value)) if value[at - 1 : at + 1].isdecimal()]
    if places and rng.random() < 0.3:
        at = rng.choice(places)
        value = value[:at] + rng.choice(JOINERS) + value[at:]
    text = rng.choice(BEFORE) + rng.choice(LABELS[kind]) + value + rng.choice(BEHIND)
    return Case(text=text, spans=((kind, value),), note="planted")
