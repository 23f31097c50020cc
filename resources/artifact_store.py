"""The artifact store: intermediate results of the lanes as versions, in any fsspec location."""

from resources.registry.base import Repository, Version
from resources.registry.folder import FolderRegistry

# Snapshots and balanced datasets are inputs of the next stage; a few are kept to look into.
KEEP_INTERMEDIATE = 3


class ArtifactStore(FolderRegistry):
    """A folder registry for what the stages of a lane hand to each other."""

    def written_by(self, repository: Repository, *, run_id: str, todo: str) -> Version:
        """The version that this run wrote, else the newest of an earlier run.

        A run reads what it wrote itself, also where steps run in processes of their own and another
        run gets in between.

        Raises:
            PermanentError: There is none; `todo` says what makes one.
        """
        newest = self.require_newest(repository, todo=todo)
        for tag in reversed(self.tags(repository)[-KEEP_INTERMEDIATE:]):
            version = self.version(repository, tag)
            if version.manifest.run_id == run_id:
                return version
        return newest
