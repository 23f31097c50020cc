"""The pointer on the Hub: a history on main, in one commit with the files that serve."""

import json

from resources.registry.base import ADOPTION, Deployment, Version
from resources.registry.hub_adoption import adoption, is_document, model_files
from resources.registry.hub_client import LostRaceError
from resources.registry.hub_commits import Changes, commit_deployment
from resources.registry.hub_repository import ADOPTED, HISTORY_FILE, MAIN, HubRepository, References
from resources.registry.hub_versions import commit_of, read_version
from sambodhan_assets.domain.card_text import CARD_FILE, keep_hand_written
from sambodhan_assets.domain.manifest import MANIFEST_NAME, Manifest


def read_history(hub: HubRepository, refs: References | None) -> list[Deployment]:
    """Moves of the pointer, oldest first; a model of another program on main is the first one.

    Raises:
        PermanentError: main holds a version of this platform, and its history is gone.
    """
    if refs is None:
        return []
    text = hub.text(HISTORY_FILE, refs.branches[MAIN])
    if text is not None:
        return [Deployment(**move) for move in json.loads(text)]
    first = adoption(hub, refs)
    return [] if first is None else [first]


def move_once(hub: HubRepository, deployment: Deployment) -> None:
    """One try; a move whose answer was lost is found in the history by the next one."""
    refs = hub.references()
    version = read_version(hub, deployment.tag, refs)
    history = read_history(hub, refs)
    if refs is None or deployment in history:
        return
    replaced = history[-1] if history else None
    # Who puts a model on main writes no history: the number alone would not tell it from another.
    overtaken = replaced and replaced.action == ADOPTION and deployment.replaced != replaced.tag
    if overtaken or deployment.sequence != len(history) + 1:
        raise LostRaceError(
            tried=f"Deploying {hub.repository}@{deployment.tag}",
            found=f"move {deployment.sequence} of the pointer was made by another run.",
            todo="Look at `sambodhan status`, then decide again.",
        )
    head = refs.branches[MAIN]
    changes = Changes() if hub.branch == MAIN else _changes(hub, refs, version, history)
    if replaced and replaced.action == ADOPTION and replaced.tag not in refs.adopted:
        hub.tag(replaced.tag, str(commit_of(hub, replaced.tag, refs)))
    commit_deployment(hub, [*history, deployment], head, changes)


def _changes(
    hub: HubRepository, refs: References, version: Version, history: list[Deployment]
) -> Changes:
    """What turns main into the files of a version; what people put beside them stays."""
    head, source = refs.branches[MAIN], str(commit_of(hub, version.tag, refs))
    present, origin = hub.files(head), hub.files(source)
    # An adopted commit has no manifest.
    wanted = {*version.manifest.files, MANIFEST_NAME} & origin.keys()
    copies = {
        path: source
        for path in wanted
        if present.get(path) != origin[path] and not (path in present and is_document(path))
    }
    left = _left_behind(hub, head, present, history)
    stale = [path for path in left if path in present and path not in {*wanted, CARD_FILE}]
    if CARD_FILE not in present or origin.get(CARD_FILE) == present[CARD_FILE]:
        return Changes(copies=copies, stale=stale)
    found = hub.text(CARD_FILE, head) or ""
    ours = hub.text(CARD_FILE, source) or ""
    card = keep_hand_written(found, ours)
    if card == ours:  # nobody wrote anything: the file as it was verified, if there is one
        whole = {**copies, CARD_FILE: source} if ours else copies
        return Changes(copies=whole, stale=stale if ours else [*stale, CARD_FILE])
    return Changes(copies=copies, stale=stale, card=card)


def _left_behind(
    hub: HubRepository, head: str, present: dict[str, str], history: list[Deployment]
) -> list[str]:
    """Files of the version that main holds; those of an adopted model are told by their names."""
    if not history:
        return []
    if history[-1].tag.startswith(ADOPTED):
        return model_files(present)
    served = hub.text(MANIFEST_NAME, head)
    if served is None:
        return []
    manifest = Manifest.from_json(served, origin=f"{hub.name}@main")
    return [*manifest.files, MANIFEST_NAME]
