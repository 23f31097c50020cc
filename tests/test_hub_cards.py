"""Risk: a new version on the Hub overwrites what people wrote into a card, or breaks its digest."""

import pytest

from resources.registry.base import Repository
from sambodhan_assets.domain.card_text import CARD_FILE, card_text
from tests.hub_servers import hub_registry, lfs_hub, xet_hub  # noqa: F401  (fixtures)
from tests.registry_folders import DATASETS, deployment, make_folder, publication

MODELS = Repository(kind="model", name="officials/sambodhan-department-classifier")


def version_folder(path, name: str):
    card = card_text({"language": ["ne"], "tags": ["ours"]}, f"# {name}")
    return make_folder(path / name, **{"README.md": card, "rows.txt": name})


def publish(registry, repository, path, name: str):
    return registry.publish(repository, version_folder(path, name), publication())


def write_by_hand(registry, repository) -> None:
    """As people do it in the browser: a key, a tag, words above and below."""
    hub = registry._open(repository)
    card = str(hub.text(CARD_FILE, "main"))
    card = card.replace("tags:\n", "license: mit\nversion: 1.10\ntags:\n- civic\n")
    card = card.replace("<!-- sambodhan:begin", "Read me first.\n\n<!-- sambodhan:begin")
    content = f"{card}\n## Thanks\n".encode()
    hub.api.upload_file(
        path_or_fileobj=content,
        path_in_repo=CARD_FILE,
        repo_id=repository.name,
        repo_type=repository.kind,
    )


def check_card(card: str, name: str) -> None:
    for part in ("license: mit\n", "version: 1.10\n", "- civic\n", "Read me first.", "## Thanks"):
        assert card.count(part) == 1, part
    assert card.count("# ") == card.count(f"# {name}") + card.count("## Thanks")


@pytest.mark.parametrize("kind", ["lfs_hub", "xet_hub"])
def test_a_dataset_card_keeps_its_hand_written_part_and_its_digest_is_right(
    request, tmp_path, kind
):
    registry = hub_registry(request.getfixturevalue(kind))
    publish(registry, DATASETS, tmp_path, "first")
    write_by_hand(registry, DATASETS)
    second = publish(registry, DATASETS, tmp_path, "second")
    third = publish(registry, DATASETS, tmp_path, "third")
    for version, name in ((second, "second"), (third, "third")):
        with registry.fetched(version) as folder:  # verified by the digests of the manifest
            check_card((folder / CARD_FILE).read_text(), name)
    assert registry.newest(DATASETS) == third


def test_a_person_who_writes_while_a_version_is_published_loses_nothing(lfs_hub, tmp_path):  # noqa: F811
    from concurrent.futures import ThreadPoolExecutor

    registry = hub_registry(lfs_hub)
    publish(registry, DATASETS, tmp_path, "first")
    held = lfs_hub.fault(r"POST .*/commit/", "hold", times=1)
    with ThreadPoolExecutor(1) as pool:
        publishing = pool.submit(publish, registry, DATASETS, tmp_path, "second")
        lfs_hub.wait(r"POST .*/commit/", held="before")
        write_by_hand(registry, DATASETS)
        lfs_hub.release(held)
        version = publishing.result()
    with registry.fetched(version) as folder:
        check_card((folder / CARD_FILE).read_text(), "second")


def test_main_of_a_model_keeps_the_hand_written_part_over_deployments_and_rollbacks(
    lfs_hub,  # noqa: F811
    tmp_path,
):
    registry = hub_registry(lfs_hub)
    main = registry._open(MODELS)
    first = publish(registry, MODELS, tmp_path, "first")
    registry.move_pointer(MODELS, deployment(tag=first.tag))
    write_by_hand(registry, MODELS)
    second = publish(registry, MODELS, tmp_path, "second")
    check_card(str(main.text(CARD_FILE, "main")), "first")
    registry.move_pointer(MODELS, deployment(tag=second.tag, sequence=2, replaced=first.tag))
    check_card(str(main.text(CARD_FILE, "main")), "second")
    back = deployment(tag=first.tag, sequence=3, action="rollback", replaced=second.tag)
    registry.move_pointer(MODELS, back)
    check_card(str(main.text(CARD_FILE, "main")), "first")
    with registry.fetched(first) as folder:  # the tag is as it was published
        assert "Thanks" not in (folder / CARD_FILE).read_text()


def test_a_version_without_a_card_takes_ours_away_and_leaves_theirs(lfs_hub, tmp_path):  # noqa: F811
    registry = hub_registry(lfs_hub)
    main = registry._open(MODELS)
    bare = registry.publish(MODELS, make_folder(tmp_path / "bare"), publication())
    first = publish(registry, MODELS, tmp_path, "first")
    registry.move_pointer(MODELS, deployment(tag=first.tag))
    to_bare = deployment(tag=bare.tag, sequence=2, action="rollback", replaced=first.tag)
    registry.move_pointer(MODELS, to_bare)
    assert main.text(CARD_FILE, "main") is None
    registry.move_pointer(MODELS, deployment(tag=first.tag, sequence=3, replaced=bare.tag))
    write_by_hand(registry, MODELS)
    again = deployment(tag=bare.tag, sequence=4, action="rollback", replaced=first.tag)
    registry.move_pointer(MODELS, again)
    card = str(main.text(CARD_FILE, "main"))
    assert "Thanks" in card
    assert "sambodhan:begin" not in card
