"""The three splits, and the hashes that draw them."""

import hashlib

# From the weakest to the strongest: of two near-duplicates in different splits the weaker leaves.
SPLITS = ("train", "eval", "test")
TRAIN, EVAL, TEST = 0, 1, 2
NOWHERE = -1

# Each choice has its own salt, all different from the sampling hash: with one hash for all, the
# sampled rows would be those with low hashes, and all would land in one split.
SPLIT_SALT = "sambodhan/split/1/"
ANCHOR_SALT = "sambodhan/anchor-test/1/"
HOLDOUT_SALT = "sambodhan/holdout/1/"
# The order of the rows in a file says nothing: neither where they come from nor their split.
ORDER_SALT = "sambodhan/order/1/"


def unit_hash(salt: str, key: bytes) -> float:
    """Map a key to [0, 1): evenly, the same on every machine, unrelated between salts."""
    digest = hashlib.sha256(salt.encode() + key).digest()
    return int.from_bytes(digest[:8], "big") / 2.0**64
