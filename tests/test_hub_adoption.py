"""Risk: a model that another program deployed is overlooked, overwritten unseen, or lost."""

import pytest

from resources.deployment import is_settled
from resources.registry.base import Repository
from resources.registry.hub_client import LostRaceError
from sambodhan_assets.domain.card_text import card_text
from sambodhan_assets.domain.errors import PermanentError
from tests.hub_servers import hub_registry, lfs_hub, xet_hub  # noqa: F401  (fixtures)
from tests.registry_folders import deployment, make_folder, publication
from tests.test_hub_registry import MODEL_ON_HUB, files_of

MODELS = Repository(kind="model", name="officials/sambodhan-department-classifier")
CARD = "---\nlicense: mit\nlibrary_name: other\n---\n# By hand\n"
FOREIGN = {
    "config.json": "{}",
    "model.safetensors": "foreign weights",
    "onnx__model.onnx": "foreign weights again",
    "README.md": CARD,
    "LICENSE.txt": "MIT",
    "picture.png": "a picture",
}


def put_by_others(hub, path, **changes: str) -> str:
    """Commits a model as another program does; the commit."""
    api = hub_registry(hub)._open(MODELS).api
    api.create_repo(MODELS.name, exist_ok=True)
    folder = path / "foreign"
    make_folder(folder, **{**FOREIGN, **changes})
    (folder / "rows.txt").unlink()
    return api.upload_folder(repo_id=MODELS.name, folder_path=folder).oid


def next_version(registry, path, **files: str):
    card = card_text({"library_name": "skops"}, "# Ours")
    made = make_folder(path / "ours", **{"README.md": card, "linear.skops": "our weights", **files})
    return registry.publish(MODELS, made, publication())


def on_main(hub) -> set[str]:
    return set(files_of(hub, MODEL_ON_HUB))


@pytest.mark.parametrize("kind", ["lfs_hub", "xet_hub"])
def test_a_foreign_model_on_main_is_the_deployed_version_of_its_commit(request, tmp_path, kind):
    hub = request.getfixturevalue(kind)
    commit = put_by_others(hub, tmp_path)
    registry = hub_registry(hub)
    adopted = registry.deployed(MODELS)
    assert (adopted.tag, adopted.action) == (f"adopted-{commit[:12]}", "adopt")
    assert (adopted.sequence, adopted.traffic_after_id, adopted.replaced) == (1, 0, None)
    assert commit in adopted.reason
    assert registry.deployed(MODELS) == adopted
    assert registry.newest(MODELS) is None
    assert registry.commit_of(MODELS, adopted.tag) == commit
    version = registry.version(MODELS, adopted.tag)
    assert version.manifest.details == {"adopted_commit": commit}
    with registry.fetched(version) as folder:  # verified
        assert (folder / "model.safetensors").read_text() == "foreign weights"
    assert hub.state()[MODEL_ON_HUB]["tags"] == {}  # reading writes nothing


def test_a_candidate_replaces_it_and_a_rollback_brings_it_back_by_copies_of_the_hub(
    lfs_hub,  # noqa: F811
    tmp_path,
):
    commit = put_by_others(lfs_hub, tmp_path)
    registry = hub_registry(lfs_hub)
    before = files_of(lfs_hub, MODEL_ON_HUB)
    adopted = registry.deployed(MODELS)
    ours = next_version(registry, tmp_path)
    assert files_of(lfs_hub, MODEL_ON_HUB) == before
    registry.move_pointer(MODELS, deployment(tag=ours.tag, sequence=2, replaced=adopted.tag))
    documents = {"README.md", "LICENSE.txt", "picture.png"}
    records = {"manifest.json", "deployments.json"}
    assert on_main(lfs_hub) == {*documents, *records, "rows.txt", "linear.skops"}
    card = str(registry._open(MODELS).text("README.md", "main"))
    for part in ("# Ours", "# By hand", "license: mit", "library_name: skops"):
        assert part in card
    assert lfs_hub.state()[MODEL_ON_HUB]["tags"][adopted.tag] == commit
    lfs_hub.clear()
    back = deployment(tag=adopted.tag, sequence=3, action="rollback", replaced=ours.tag)
    registry.move_pointer(MODELS, back)
    assert lfs_hub.log("PUT ") == []
    found = files_of(lfs_hub, MODEL_ON_HUB)
    del found["deployments.json"]
    assert found == before  # the card too: nobody wrote into it since
    assert registry.deployed(MODELS).tag == adopted.tag
    again = deployment(tag=ours.tag, sequence=4, replaced=adopted.tag)
    registry.move_pointer(MODELS, again)
    assert "model.safetensors" not in on_main(lfs_hub)
    tags = [move.tag for move in registry.deployments(MODELS)]
    assert tags == [adopted.tag, ours.tag, adopted.tag, ours.tag]


def test_a_model_that_somebody_replaces_meanwhile_is_another_version(lfs_hub, tmp_path):  # noqa: F811
    put_by_others(lfs_hub, tmp_path)
    registry = hub_registry(lfs_hub)
    seen = registry.deployed(MODELS)
    ours = next_version(registry, tmp_path)
    put_by_others(lfs_hub, tmp_path, **{"model.safetensors": "newer weights"})
    assert registry.deployed(MODELS).tag != seen.tag
    with pytest.raises(LostRaceError):
        registry.move_pointer(MODELS, deployment(tag=ours.tag, sequence=2, replaced=seen.tag))
    assert "model.safetensors" in on_main(lfs_hub)
    with registry.fetched(registry.version(MODELS, seen.tag)) as folder:  # main still knows it
        assert (folder / "model.safetensors").read_text() == "foreign weights"
    with pytest.raises(PermanentError, match="no such version"):
        registry.version(MODELS, "adopted-0123456789ab")


def test_a_decision_on_an_adopted_model_is_void_once_another_one_took_its_place(
    lfs_hub,  # noqa: F811
    tmp_path,
):
    put_by_others(lfs_hub, tmp_path)
    registry = hub_registry(lfs_hub)
    seen = registry.deployed(MODELS)
    details = {"verdict": "PROMOTE", "deployed_move": 1, "deployed_tag": seen.tag}
    made = make_folder(tmp_path / "decision")
    decision = registry.publish(MODELS, made, publication(details=details))
    assert not is_settled(decision, seen)
    put_by_others(lfs_hub, tmp_path, **{"model.safetensors": "newer weights"})
    assert is_settled(decision, registry.deployed(MODELS))


def test_who_writes_about_an_adopted_model_changes_no_version_and_voids_no_decision(
    lfs_hub,  # noqa: F811
    tmp_path,
):
    commit = put_by_others(lfs_hub, tmp_path)
    registry = hub_registry(lfs_hub)
    seen = registry.deployed(MODELS)
    details = {"verdict": "PROMOTE", "deployed_move": 1, "deployed_tag": seen.tag}
    made = make_folder(tmp_path / "decision")
    decision = registry.publish(MODELS, made, publication(details=details))
    version = registry.version(MODELS, seen.tag)
    words = {"README.md": f"{CARD}And more.\n", "NOTICE": "Ours", "new.png": "b"}
    put_by_others(lfs_hub, tmp_path, **words)
    assert registry.deployed(MODELS) == seen
    assert registry.version(MODELS, seen.tag) == version
    assert not is_settled(decision, registry.deployed(MODELS))
    ours = next_version(registry, tmp_path)
    registry.move_pointer(MODELS, deployment(tag=ours.tag, sequence=2, replaced=seen.tag))
    assert lfs_hub.state()[MODEL_ON_HUB]["tags"][seen.tag] == commit
    back = deployment(tag=seen.tag, sequence=3, action="rollback", replaced=ours.tag)
    registry.move_pointer(MODELS, back)
    assert "# By hand\nAnd more.\n" in str(registry._open(MODELS).text("README.md", "main"))
    assert {"model.safetensors", "NOTICE", "new.png"} < on_main(lfs_hub)


def test_a_file_of_the_model_that_is_taken_away_makes_another_version(
    lfs_hub,  # noqa: F811
    tmp_path,
):
    put_by_others(lfs_hub, tmp_path)
    registry = hub_registry(lfs_hub)
    seen = registry.deployed(MODELS)
    head = registry._open(MODELS).api.delete_file("onnx/model.onnx", MODELS.name).oid
    assert registry.deployed(MODELS).tag == f"adopted-{head[:12]}" != seen.tag


def test_words_and_pictures_alone_are_no_model_and_stay(lfs_hub, tmp_path):  # noqa: F811
    api = hub_registry(lfs_hub)._open(MODELS).api
    api.create_repo(MODELS.name)
    for name in ("README.md", "LICENSE", "notes.txt"):
        api.upload_file(path_or_fileobj=b"x", path_in_repo=name, repo_id=MODELS.name)
    registry = hub_registry(lfs_hub)
    assert registry.deployments(MODELS) == []
    ours = next_version(registry, tmp_path)
    registry.move_pointer(MODELS, deployment(tag=ours.tag))
    assert {"LICENSE", "notes.txt"} < on_main(lfs_hub)


def test_a_version_of_ours_whose_history_is_gone_is_not_adopted(lfs_hub, tmp_path):  # noqa: F811
    registry = hub_registry(lfs_hub)
    ours = next_version(registry, tmp_path)
    registry.move_pointer(MODELS, deployment(tag=ours.tag))
    registry._open(MODELS).api.delete_file("deployments.json", MODELS.name)
    with pytest.raises(PermanentError, match=r"Restore deployments\.json"):
        registry.deployed(MODELS)
