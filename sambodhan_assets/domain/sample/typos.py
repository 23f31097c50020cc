"""Generates pairs of a typo and its correction: names of cars, as fingers misspell them."""

import random
from collections.abc import Callable

import pyarrow as pa

from sambodhan_assets.domain.embedding.domains import word_key
from sambodhan_assets.domain.embedding.pairs import PAIRS_SCHEMA

# Names on the roads of Nepal; some are alike on purpose, so that merging them can be measured.
BRANDS = (
    "Aston Martin", "Audi", "Bentley", "BMW", "BYD", "Chery", "Chevrolet", "Citroen", "Daewoo",
    "Daihatsu", "Datsun", "Deepal", "Dongfeng", "Ferrari", "Fiat", "Force Motors", "Ford", "Foton",
    "Geely", "Great Wall", "Haval", "Honda", "Hyundai", "Isuzu", "Jaguar", "Jeep", "Kia",
    "Lamborghini", "Land Rover", "Lexus", "Mahindra", "Maruti Suzuki", "Maserati", "Mazda",
    "Mercedes-Benz", "Mitsubishi", "Neta", "Nissan", "Opel", "Perodua", "Peugeot", "Porsche",
    "Proton", "Renault", "Seat", "Skoda", "SsangYong", "Subaru", "Suzuki", "Tata", "Tesla",
    "Toyota", "Volkswagen", "Volvo", "Wuling", "Xpeng", "Zeekr",
)  # fmt: skip
MODELS = (
    "Accent", "Accord", "Almera", "Alto", "Amaze", "Apache", "Aria", "Atto", "Avanza", "Baleno",
    "Bolero", "Bolt", "Brezza", "Brio", "Camry", "Captur", "Carens", "Celerio", "Ciaz", "City",
    "Civic", "Compass", "Corolla", "Creta", "Cruze", "Dolphin", "Duster", "Dzire", "EcoSport",
    "Elantra", "Endeavour", "Ertiga", "Etios", "Figo", "Fortuner", "Freestyle", "Fronx", "Getz",
    "Glanza", "Grand Vitara", "Harrier", "Hector", "Hexa", "Hilux", "Ignis", "Indica", "Indigo",
    "Innova", "Jazz", "Jimny", "Kicks", "Kiger", "Kodiaq", "Kona", "Kushaq", "Kwid", "Leaf",
    "Magnite", "Marazzo", "Micra", "Mobilio", "Mulsanne", "Mustang", "Nano", "Navara", "Nexon",
    "Octavia", "Outlander", "Pajero", "Passat", "Picanto", "Polo", "Punch", "Qashqai", "Ranger",
    "Rapid", "Raptor", "Redi-Go", "Rio", "Rush", "Safari", "Santa Fe", "Santro", "Scorpio",
    "Seltos", "Sierra", "Slavia", "Sonata", "Sonet", "Sorento", "Spark", "Sportage", "Spresso",
    "Starlet", "Sumo", "Sunny", "Superb", "Swift", "Taigun", "Terrano", "Thar", "Tiago", "Tigor",
    "Tigra", "Tiguan", "Tivoli", "Triber", "Tucson", "Venue", "Vento", "Verna", "Versa", "Virtus",
    "Vitara", "Wagon R", "X-Trail", "Xylo", "Yaris", "Yeti", "Zest",
)  # fmt: skip
_NAMES = {"brand": BRANDS, "model": MODELS}
_KEY_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
# Two slips in one word out of four.
_TWO_SLIPS = 0.25


def generate_pairs(count: int, *, seed: int) -> pa.Table:
    """Typos of car names with PAIRS_SCHEMA, every one different and none a correct name itself.

    Args:
        count: How many; the names take turns, so each has about as many typos as any other.
        seed: Same seed, same pairs; more pairs begin with the same ones.
    """
    draw = random.Random(f"typos {seed}")
    words = [(domain, name) for domain, names in _NAMES.items() for name in names]
    correct = {(domain, word_key(name)) for domain, name in words}
    taken, rows = set[tuple[str, str]](), list[dict[str, str]]()
    while len(rows) < count:
        draw.shuffle(words)
        for domain, name in words[: count - len(rows)]:
            typo = _new_typo(
                name, draw, lambda text, at=domain: (at, word_key(text)) in taken | correct
            )
            taken.add((domain, word_key(typo)))
            rows.append({"typo": typo, "corrected": name, "domain": domain})
    return pa.Table.from_pylist(rows, schema=PAIRS_SCHEMA)


def _new_typo(name: str, draw: random.Random, is_taken: Callable[[str], bool]) -> str:
    slips = 1 + (draw.random() < _TWO_SLIPS)
    for attempt in range(1000):
        # A short name has few typos of one slip; later tries make more of them.
        typo = name.lower() if draw.random() < 0.5 else name
        for _ in range(slips + attempt // 50):
            typo = draw.choice(_SLIPS)(typo, draw)
        if typo.strip() and not is_taken(typo):
            return typo
    raise AssertionError(f"{name} has no further typo after a thousand tries")


def _neighbour(text: str, draw: random.Random) -> str:
    """One letter becomes a key beside it."""
    at = draw.randrange(len(text))
    row = next((row for row in _KEY_ROWS if text[at].lower() in row), None)
    if row is None:
        return text
    place = row.index(text[at].lower())
    return (
        text[:at]
        + draw.choice(row[max(0, place - 1) : place] + row[place + 1 : place + 2])
        + text[at + 1 :]
    )


def _drop(text: str, draw: random.Random) -> str:
    at = draw.randrange(len(text))
    return text if len(text) < 3 else text[:at] + text[at + 1 :]


def _double(text: str, draw: random.Random) -> str:
    at = draw.randrange(len(text))
    return text[: at + 1] + text[at:]


def _swap(text: str, draw: random.Random) -> str:
    if len(text) < 2:
        return text
    at = draw.randrange(len(text) - 1)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


_SLIPS = (_neighbour, _drop, _double, _swap)
