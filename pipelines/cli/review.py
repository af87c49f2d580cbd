"""`medrwr review`: look at curated items on a local page; `medrwr curate` then takes the decisions into account."""

from __future__ import annotations

from pathlib import Path

from medrwr.errors import ArtefactError
from medrwr.records import read_records
from medrwr.types import Question
from pipelines.cli.curate import DECISIONS, DRAFTS
from pipelines.reviewing import review_app


def review(folder: Path, images: Path, *, port: int) -> None:
    """Serve on loopback until interrupted.

    Raises:
        ArtefactError: the folder holds nothing that `medrwr curate` made.
    """
    import uvicorn

    questions, _ = read_records(folder / DRAFTS, Question) if (folder / DRAFTS).is_file() else ([], [])
    if not questions:
        raise ArtefactError(f"{folder} holds no curated item: name the folder of `medrwr curate --out`")
    print(f"{len(questions)} items at http://127.0.0.1:{port}, decisions go to {folder / DECISIONS}", flush=True)
    uvicorn.run(review_app(questions, images, folder / DECISIONS), host="127.0.0.1", port=port, log_level="warning")
