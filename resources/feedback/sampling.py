"""The order in which unflagged complaints are sampled: by a keyed hash of their id.

Such an order is the same on every machine, survives UPDATE, VACUUM FULL and any physical order, and
grows by insertion: a complaint that was sampled stays sampled until others push it out.
"""

from dataclasses import dataclass

import sqlalchemy as sa

HASHINT8 = "hashint8extended/1"
MD5 = "md5/1"

# hashint8extended is an undocumented internal of PostgreSQL. It gave these values on 15, 16 and 18;
# a server that gives others gets the documented but four times slower md5.
# Each is (number, seed, hash).
KNOWN_ANSWERS = (
    (0, 0, 4154612158245552303),
    (1, 42, 2207685931686633351),
    (-1, 42, -2218543911767281624),
    (123456789012, 7, 9014375656242938),
    (2**63 - 1, -1, 6110074166949006181),
    (-(2**63), 2**63 - 1, -5540649945927983454),
)


@dataclass(frozen=True, kw_only=True)
class SampleOrder:
    """A total order of complaints: by hash, then by id.

    Attributes:
        name: Algorithm and version, as recorded in the snapshot.
        seed: Key of the hash; another seed gives an independent order.
    """

    name: str
    seed: int

    def hash_of(self, complaint_id: sa.ColumnElement[int]) -> sa.ColumnElement[object]:
        """SQL expression of the hash: a signed 64-bit number, or 32 hexadecimal digits."""
        if self.name == HASHINT8:
            number = sa.cast(complaint_id, sa.BigInteger)
            return sa.func.pg_catalog.hashint8extended(number, _literal(self.seed))
        text = sa.literal_column(f"'{self.seed}:'").concat(sa.cast(complaint_id, sa.Text))
        # The C collation is the order of bytes everywhere.
        return sa.func.md5(text).collate("C")

    def below(self, complaint_id: sa.ColumnElement[int], share: int) -> sa.ColumnElement[bool]:
        """Condition that lets `share` of 2**64 complaints pass, those with the smallest hashes."""
        if self.name == HASHINT8:
            return self.hash_of(complaint_id) < _literal(share - 2**63)
        return self.hash_of(complaint_id) < sa.literal_column(f"'{share:016x}'")


def with_spare(count: int) -> int:
    """A few more than `count`: hashes spread unevenly, and some complaints have no label."""
    return count + count // 10 + 50


def passing_share(count: int, population: int) -> int | None:
    """The share of 2**64 that lets about `with_spare(count)` of `population` complaints pass.

    It spares the sort of all the others. If at least `count` pass, the smallest `count` hashes are
    among them, so the sample does not depend on how good `population` is.

    Returns:
        None if all complaints have to pass.
    """
    passing = with_spare(count)
    return None if passing >= population else passing * 2**64 // population


def sample_order(connection: sa.Connection, seed: int) -> SampleOrder:
    """The fastest order that this server computes as recorded here."""
    name = HASHINT8 if _gives_known_answers(connection) else MD5
    return SampleOrder(name=name, seed=seed)


def _gives_known_answers(connection: sa.Connection) -> bool:
    function = "pg_catalog.hashint8extended(bigint,bigint)"
    allowed = sa.func.has_function_privilege(sa.func.to_regprocedure(function), "execute")
    if not connection.scalar(sa.select(allowed)):
        return False
    hashes = [
        sa.func.pg_catalog.hashint8extended(_literal(number), _literal(seed))
        for number, seed, _ in KNOWN_ANSWERS
    ]
    return list(connection.execute(sa.select(*hashes)).one()) == [h for _, _, h in KNOWN_ANSWERS]


def _literal(number: int) -> sa.ColumnElement[int]:
    """A number in the text of the statement: the planner must see limits and thresholds."""
    return sa.literal_column(f"'{number}'::bigint", sa.BigInteger)
