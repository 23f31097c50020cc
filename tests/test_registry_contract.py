"""Risk: a reader sees half a version, a changed byte goes unnoticed, or two publishers mix."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from resources.registry.folder import FolderRegistry
from sambodhan_assets.domain.errors import PermanentError, TransientError
from tests.hub_servers import hub_registry, lfs_hub, xet_hub  # noqa: F401  (fixtures)
from tests.object_stores import s3_bucket, s3_server  # noqa: F401  (fixtures)
from tests.registry_folders import DATASETS, deployment, make_folder, publication


@pytest.fixture(params=["local", "memory", "s3"])
def folder_registry(request, tmp_path):
    return open_registry(request, tmp_path)


@pytest.fixture(params=["local", "memory", "s3", "lfs_hub", "xet_hub"])
def registry(request, tmp_path):
    return open_registry(request, tmp_path)


def open_registry(request, tmp_path):
    if request.param == "local":
        return FolderRegistry(url=str(tmp_path / "registry"))
    if request.param == "memory":
        return FolderRegistry(url=f"memory://{tmp_path.name}/registry")
    if request.param == "s3":
        return FolderRegistry(url=f"{request.getfixturevalue('s3_bucket')}/registry")
    return hub_registry(request.getfixturevalue(request.param))


def test_a_published_folder_is_read_back_byte_for_byte(registry, tmp_path):
    folder = make_folder(tmp_path / "made", sub__label_map="{}")
    version = registry.publish(DATASETS, folder, publication())
    with registry.fetched(version) as copy:
        assert (copy / "rows.txt").read_text() == "one\ntwo\n"
        assert (copy / "sub/label_map").read_text() == "{}"
    assert registry.newest(DATASETS) == version
    assert version.manifest.details == {"seed": 42}
    assert version.manifest.run_id == "run-1"


def test_tags_increase_and_name_their_parent_even_within_one_second(registry, tmp_path):
    folder = make_folder(tmp_path / "made")
    versions = [registry.publish(DATASETS, folder, publication()) for _ in range(3)]
    tags = [version.tag for version in versions]
    assert tags == sorted(set(tags)) == registry.tags(DATASETS)
    assert [version.manifest.parent for version in versions] == [None, *tags[:2]]


def test_the_content_hash_covers_only_the_named_files(registry, tmp_path):
    first = registry.publish(
        DATASETS,
        make_folder(tmp_path / "a", card="monday"),
        publication(content_files=["rows.txt"]),
    )
    second = registry.publish(
        DATASETS,
        make_folder(tmp_path / "b", card="tuesday"),
        publication(content_files=["rows.txt"]),
    )
    assert first.content_hash == second.content_hash
    assert first.revision != second.revision


def test_files_that_name_their_own_version_are_written_before_the_manifest(registry, tmp_path):
    def finish(folder: Path, tag: str) -> None:
        (folder / "metadata.json").write_text(json.dumps({"version_tag": tag}))

    version = registry.publish(DATASETS, make_folder(tmp_path / "made"), publication(finish=finish))
    with registry.fetched(version) as copy:
        assert json.loads((copy / "metadata.json").read_text())["version_tag"] == version.tag


def test_an_empty_registry_has_no_versions_and_an_unknown_tag_lists_the_known_ones(
    registry, tmp_path
):
    assert registry.tags(DATASETS) == []
    assert registry.newest(DATASETS) is None
    assert registry.deployed(DATASETS) is None
    tag = registry.publish(DATASETS, make_folder(tmp_path / "made"), publication()).tag
    with pytest.raises(PermanentError, match=tag):
        registry.version(DATASETS, "v19990101_000000")


def test_the_pointer_is_its_own_history_and_the_highest_move_serves(registry, tmp_path):
    tags = [
        registry.publish(DATASETS, make_folder(tmp_path / "made"), publication()).tag
        for _ in range(2)
    ]
    first = deployment(tag=tags[0])
    second = replace(first, sequence=2, tag=tags[1], replaced=tags[0])
    registry.move_pointer(DATASETS, first)
    registry.move_pointer(DATASETS, second)
    assert registry.deployments(DATASETS) == [first, second]
    assert registry.deployed(DATASETS) == second


def test_of_two_runs_that_move_the_pointer_at_once_one_is_refused(registry, tmp_path):
    tag = registry.publish(DATASETS, make_folder(tmp_path / "made"), publication()).tag
    registry.move_pointer(DATASETS, deployment(tag=tag))
    with pytest.raises(TransientError, match="another run"):
        registry.move_pointer(DATASETS, deployment(tag=tag, run_id="run-2"))
    assert registry.deployed(DATASETS).run_id == "run-1"


def test_the_pointer_never_names_a_version_that_does_not_exist(registry):
    with pytest.raises(PermanentError, match="no such version"):
        registry.move_pointer(DATASETS, deployment())
    assert registry.deployed(DATASETS) is None


def test_publishers_at_the_same_time_never_share_a_tag(registry, tmp_path):
    def publish(number: int) -> str | None:
        folder = make_folder(tmp_path / f"made-{number}", number=str(number))
        try:
            return registry.publish(DATASETS, folder, publication(run_id=f"run-{number}")).tag
        except TransientError:
            return None

    with ThreadPoolExecutor(4) as pool:
        published = [tag for tag in pool.map(publish, range(4)) if tag]
    assert published
    assert sorted(published) == registry.tags(DATASETS)
    for tag in published:
        version = registry.version(DATASETS, tag)
        with registry.fetched(version) as copy:
            assert version.manifest.run_id == f"run-{(copy / 'number').read_text()}"


def test_pruning_keeps_the_newest(folder_registry, tmp_path):
    folder = make_folder(tmp_path / "made")
    tags = [folder_registry.publish(DATASETS, folder, publication()).tag for _ in range(3)]
    folder_registry.prune(DATASETS, keep=2)
    assert folder_registry.tags(DATASETS) == tags[1:]


@pytest.mark.parametrize("damage", ["change", "remove"])
def test_a_damaged_version_is_refused_and_the_file_is_named(tmp_path, damage):
    registry = FolderRegistry(url=str(tmp_path / "registry"))
    version = registry.publish(DATASETS, make_folder(tmp_path / "made"), publication())
    (published,) = (tmp_path / "registry").glob("datasets/*/*/versions/*/rows.txt")
    if damage == "change":
        published.write_text("one\ntwO\n")
    else:
        published.unlink()
    with (
        pytest.raises(PermanentError, match=r"rows\.txt (has changed|is missing)"),
        registry.fetched(version),
    ):
        pass


def test_a_damaged_manifest_is_an_error_and_not_an_empty_registry(tmp_path):
    registry = FolderRegistry(url=str(tmp_path / "registry"))
    registry.publish(DATASETS, make_folder(tmp_path / "made"), publication())
    (manifest,) = (tmp_path / "registry").glob("datasets/*/*/versions/*/manifest.json")
    manifest.write_text("{")
    with pytest.raises(PermanentError, match="damaged"):
        registry.newest(DATASETS)
