"""The git checkout that this program runs from: revision, branch, and changes not committed."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class GitState:
    """State of a checkout; all None outside of one, or without git.

    Attributes:
        sha: Revision.
        branch: Branch; None where none is checked out.
        dirty: Whether files were changed or added that are not committed.
    """

    sha: str | None
    branch: str | None
    dirty: bool | None


def git_state(source: Path) -> GitState:
    """The state of the checkout that a source file belongs to.

    A package that is installed below a foreign checkout does not belong to it: the file must be
    one of the files that git keeps.
    """
    if _git(source.parent, "ls-files", "--error-unmatch", source.name) is None:
        return GitState(sha=None, branch=None, dirty=None)
    changes = _git(source.parent, "status", "--porcelain", ":/")
    branch = _git(source.parent, "symbolic-ref", "--short", "HEAD")
    return GitState(
        sha=_git(source.parent, "rev-parse", "HEAD"),
        branch=branch,
        dirty=None if changes is None else changes != "",
    )


def _git(folder: Path, *arguments: str) -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    result = subprocess.run(
        [git, "-C", str(folder), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    return result.stdout.strip() if result.returncode == 0 else None
