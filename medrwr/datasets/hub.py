"""Where a published data set lies: a folder or file here, or a name on the Hugging Face hub, fetched once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from medrwr.errors import ArtefactError

_NAME = re.compile(r"[\w.-]+/[\w.-]+")


def locate(
    path: str, *, root: Path, patterns: Sequence[str], revision: str | None = None, endpoint: str | None = None
) -> Path:
    """The folder or file of `path` (relative to `root`), else the snapshot of the hub's data set of that name.

    Args:
        patterns: which of the hub's files are fetched.
        revision: commit, tag or branch on the hub; None: its newest.
        endpoint: another hub than huggingface.co (a mirror).

    Raises:
        ArtefactError: neither; or the hub cannot be reached and the data set was never fetched.
    """
    here = root / path
    if here.exists():
        return here
    if not _NAME.fullmatch(path):
        raise ArtefactError(f"data set {path!r} is no file or folder in {root}, and no hub name such as 'owner/name'")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        folder = snapshot_download(
            path, repo_type="dataset", revision=revision, allow_patterns=list(patterns), endpoint=endpoint
        )
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise ArtefactError(
            f"data set {path!r} (revision {revision or 'newest'}) is neither a folder in {root} nor to be had from the "
            f"hub ({first}): check the name, log in where it is gated, or fetch it into a folder and name that"
        ) from error
    return Path(folder)
