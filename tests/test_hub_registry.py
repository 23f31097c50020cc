"""Risk: what serves, what people put beside it, or who may write is taken for something else.

Kills and faults of the Hub: test_hub_kills.py, test_hub_faults.py.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from resources.registry.base import Repository
from resources.registry.hub_client import LostRaceError
from sambodhan_assets.domain.errors import PermanentError
from tests.hub_servers import hub_registry, lfs_hub, xet_hub  # noqa: F401  (fixtures)
from tests.registry_folders import DATASETS, deployment, make_folder, publication

MODELS = Repository(kind="model", name="officials/sambodhan-department-classifier")
DATASET_ON_HUB = f"datasets/{DATASETS.name}"
MODEL_ON_HUB = f"models/{MODELS.name}"
COMMIT = r"POST .*/commit/"


def files_of(hub, repository: str, branch: str = "main") -> dict[str, str]:
    """Digest by path at the head of a branch."""
    state = hub.state()[repository]
    (head,) = [c for c in state["commits"] if c["oid"] == state["refs"][branch]]
    names = head["files"].items()
    return {name: file["sha256"] for name, file in names if name != ".gitattributes"}


@pytest.fixture
def published(lfs_hub, tmp_path):  # noqa: F811
    """A Hub with one dataset version, its registry, and that version."""
    registry = hub_registry(lfs_hub)
    version = registry.publish(DATASETS, make_folder(tmp_path / "first"), publication())
    lfs_hub.clear()
    return lfs_hub, registry, version


@pytest.mark.parametrize("kind", ["lfs_hub", "xet_hub"])
def test_main_of_a_model_is_what_is_deployed_and_a_version_alone_is_not(request, tmp_path, kind):
    hub = request.getfixturevalue(kind)
    registry = hub_registry(hub)
    old = make_folder(tmp_path / "old", **{"weights.bin": "old " * 9, "old.txt": "old"})
    new = make_folder(tmp_path / "new", **{"weights.bin": "new " * 9, "new.txt": "new"})
    first = registry.publish(MODELS, old, publication())
    assert files_of(hub, MODEL_ON_HUB) == {}
    registry.move_pointer(MODELS, deployment(tag=first.tag))
    served = {name: entry.sha256 for name, entry in first.manifest.files.items()}
    assert served.items() < files_of(hub, MODEL_ON_HUB).items()
    second = registry.publish(MODELS, new, publication())
    assert served.items() < files_of(hub, MODEL_ON_HUB).items()
    move = deployment(tag=second.tag, sequence=2, replaced=first.tag)
    registry.move_pointer(MODELS, move)
    assert set(files_of(hub, MODEL_ON_HUB)) == {
        *second.manifest.files,
        "manifest.json",
        "deployments.json",
    }
    back = replace(move, sequence=3, tag=first.tag, action="rollback", replaced=second.tag)
    hub.clear()
    registry.move_pointer(MODELS, back)
    found = files_of(hub, MODEL_ON_HUB)
    assert served.items() < found.items()
    assert "new.txt" not in found
    assert hub.log("PUT ") == []  # the Hub copied the weights itself
    assert registry.tags(MODELS) == [first.tag, second.tag]


def test_files_of_an_earlier_version_leave_main_and_what_people_added_stays(published, tmp_path):
    hub, registry, _ = published
    made = make_folder(tmp_path / "shards", **{"data__train-00001-of-00002.txt": "two"})
    registry.publish(DATASETS, made, publication())
    made = make_folder(tmp_path / "shard", **{"data__train-00000-of-00001.txt": "one"})
    registry.publish(DATASETS, made, publication())
    assert set(files_of(hub, DATASET_ON_HUB)) == {
        "rows.txt",
        "data/train-00000-of-00001.txt",
        "manifest.json",
    }


def test_tags_of_earlier_programs_are_no_versions(lfs_hub, tmp_path):  # noqa: F811
    registry = hub_registry(lfs_hub)
    api = registry._open(DATASETS).api
    api.create_repo(DATASETS.name, repo_type="dataset")
    api.create_tag(DATASETS.name, tag="v20990101_000000", repo_type="dataset")
    assert registry.newest(DATASETS) is None
    version = registry.publish(DATASETS, make_folder(tmp_path / "made"), publication())
    assert version.tag > "v20990101_000000"
    assert version.manifest.parent is None
    assert registry.newest(DATASETS) == version


def test_a_name_without_an_account_belongs_to_that_of_the_token(lfs_hub, tmp_path):  # noqa: F811
    registry = hub_registry(lfs_hub)
    own = Repository(kind="dataset", name="own-dataset")
    registry.publish(own, make_folder(tmp_path / "made"), publication())
    assert lfs_hub.state()["datasets/alice/own-dataset"]["visibility"] == "private"


def test_a_public_repository_is_made_only_when_asked_for(lfs_hub, tmp_path):  # noqa: F811
    registry = hub_registry(lfs_hub, visibility="public")
    registry.publish(DATASETS, make_folder(tmp_path / "made"), publication())
    assert lfs_hub.state()[DATASET_ON_HUB]["visibility"] == "public"


@pytest.mark.parametrize("token", ["hf_unknown", "hf_officials_read", "hf_stranger_write"])
def test_a_token_without_rights_is_refused_at_once_and_never_shown(published, tmp_path, token):
    hub, _, version = published
    registry = hub_registry(hub, token=token)
    with pytest.raises(PermanentError) as caught:
        registry.publish(DATASETS, make_folder(tmp_path / "second"), publication())
    text = f"{caught.value} {caught.value.__cause__!r}"
    assert token not in text
    assert len(hub.log("/commit/")) == 0
    assert list(hub.state()[DATASET_ON_HUB]["tags"]) == [version.tag]


def test_a_publisher_that_another_one_overtakes_publishes_on_top_of_it(published, tmp_path):
    hub, registry, version = published
    made = make_folder(tmp_path / "second", more="x")
    note = {"path_or_fileobj": b"by hand", "path_in_repo": "NOTES.txt", "repo_type": "dataset"}
    held = hub.fault(COMMIT, "hold", times=1)
    with ThreadPoolExecutor(1) as pool:
        publishing = pool.submit(registry.publish, DATASETS, made, publication())
        hub.wait(COMMIT, held="before")
        registry._open(DATASETS).api.upload_file(repo_id=DATASETS.name, **note)
        hub.release(held)
        second = publishing.result()
    assert 412 in [entry["status"] for entry in hub.log(COMMIT)]
    assert registry.tags(DATASETS) == [version.tag, second.tag]
    assert "NOTES.txt" in files_of(hub, DATASET_ON_HUB)


@pytest.mark.parametrize("mode", ["drop", "lost_ack"])
def test_a_move_whose_connection_is_lost_happens_once(lfs_hub, tmp_path, mode):  # noqa: F811
    registry = hub_registry(lfs_hub)
    tag = registry.publish(MODELS, make_folder(tmp_path / "made"), publication()).tag
    lfs_hub.fault(r"POST .*/commit/main", mode, times=1)
    registry.move_pointer(MODELS, deployment(tag=tag))
    assert registry.deployments(MODELS) == [deployment(tag=tag)]
    with pytest.raises(LostRaceError):
        registry.move_pointer(MODELS, deployment(tag=tag, run_id="another"))


def test_a_changed_byte_on_the_hub_is_refused_and_the_file_is_named(published, tmp_path):
    hub, registry, version = published
    api = registry._open(DATASETS).api
    api.delete_tag(DATASETS.name, tag=version.tag, repo_type="dataset")
    changed = {"path_or_fileobj": b"one\ntwO\n", "path_in_repo": "rows.txt"}
    oid = api.upload_file(repo_id=DATASETS.name, repo_type="dataset", **changed).oid
    api.create_tag(DATASETS.name, tag=version.tag, revision=oid, repo_type="dataset")
    with pytest.raises(PermanentError, match=r"rows\.txt has changed"), registry.fetched(version):
        pass
