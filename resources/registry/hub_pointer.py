"""The pointer on the Hub: a history on main, in one commit with the files that serve."""

import json

from resources.registry.base import Deployment, Version
from resources.registry.hub_client import LostRaceError
from resources.registry.hub_commits import Changes, commit_deployment
from resources.registry.hub_repository import HISTORY_FILE, MAIN, HubRepository, References
from resources.registry.hub_versions import read_version
from sambodhan_assets.domain.card_text import CARD_FILE, keep_hand_written
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.manifest import MANIFEST_NAME, Manifest

# What the Hub itself or people put beside a model; none of it is a model.
_NO_MODEL = {".gitattributes", "README.md", "LICENSE", HISTORY_FILE}


def read_history(hub: HubRepository, refs: References | None) -> list[Deployment]:
    """Moves of the pointer, oldest first.

    Raises:
        PermanentError: main holds a model that this platform did not deploy.
    """
    if refs is None:
        return []
    head = refs.branches[MAIN]
    text = hub.text(HISTORY_FILE, head)
    if text is not None:
        return [Deployment(**move) for move in json.loads(text)]
    foreign = sorted(hub.files(head).keys() - _NO_MODEL) if hub.kind == "model" else []
    if foreign:
        raise PermanentError(
            tried=f"Reading what {hub.name} deploys",
            found=f"its main branch holds a model that this platform did not deploy, with "
            f"{', '.join(foreign[:3])}; a candidate cannot be compared with it.",
            todo="Name another, new model repository; that one stays as it is.",
        )
    return []


def move_once(hub: HubRepository, deployment: Deployment) -> None:
    """One try; a move whose answer was lost is found in the history by the next one."""
    refs = hub.references()
    version = read_version(hub, deployment.tag, refs)
    history = read_history(hub, refs)
    if refs is None or deployment in history:
        return
    if deployment.sequence != len(history) + 1:
        raise LostRaceError(
            tried=f"Deploying {hub.repository}@{deployment.tag}",
            found=f"move {deployment.sequence} of the pointer was made by another run.",
            todo="Look at `sambodhan status`, then decide again.",
        )
    head = refs.branches[MAIN]
    changes = Changes() if hub.branch == MAIN else _changes(hub, refs, version)
    commit_deployment(hub, [*history, deployment], head, changes)


def _changes(hub: HubRepository, refs: References, version: Version) -> Changes:
    """What turns main into the files of a version; what people put beside them stays."""
    head, source = refs.branches[MAIN], refs.tags[version.tag]
    wanted = {*version.manifest.files, MANIFEST_NAME}
    present, origin = hub.files(head), hub.files(source)
    copies = {path: source for path in wanted if present.get(path) != origin[path]}
    served = hub.text(MANIFEST_NAME, head)
    left = Manifest.from_json(served, origin=f"{hub.name}@main").files if served else {}
    stale = [path for path in left if path in present and path not in {*wanted, CARD_FILE}]
    if CARD_FILE not in present or origin.get(CARD_FILE) == present[CARD_FILE]:
        return Changes(copies=copies, stale=stale)
    found = hub.text(CARD_FILE, head) or ""
    ours = hub.text(CARD_FILE, source) or ""
    card = keep_hand_written(found, ours)
    if card == ours:  # nobody wrote anything: the file as it was verified, if there is one
        return Changes(copies=copies, stale=stale if ours else [*stale, CARD_FILE])
    others = {path: commit for path, commit in copies.items() if path != CARD_FILE}
    return Changes(copies=others, stale=stale, card=card)
