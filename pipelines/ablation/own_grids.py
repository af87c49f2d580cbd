"""Grids that the paper has not: curated questions and the curriculum, and second looks beside what costs as much."""

from __future__ import annotations

from pipelines.ablation.grid import Grid, Overrides, Row
from pipelines.rungs import FINAL
from pipelines.second_looks import CDIR, SELF_CONSISTENCY

OWN = {"curate.source": "clinic"}  # the default, said, so that the chain measures no more than is read here
CURATION = Grid(
    "curation",
    "Curated questions in the place of the clinic's own, and the curriculum (M11-M13)",
    (
        Row("own", "the clinic's own questions, easy first", OWN),
        Row(
            "curated",
            "questions reconstructed from the archive's reports, easy first",
            {"curate.source": "reconstructed"},
        ),
        Row("at-random", "the clinic's own questions, at random", {"curate.curriculum": False}),
    ),
    reference="own",
    note="Not inferior: the lower bound of the curated row's difference on held-out images is above -3 points.",
)
TAUGHT = {"clinic.sft_second_looks": 120, "case_index.queries": 1}


def _second_looks(name: str, policy: str, overrides: Overrides) -> Grid:
    arms = (
        ("none", "no second look", FINAL),
        ("cdir", "CDIR", CDIR),
        ("random", "as many asked again at random", "cdir_random"),
        ("always", "all asked again", "cdir_always"),
        ("new", "all asked again, the new answer counts", "cdir_always_new"),
        ("vote", "self-consistency at equal tokens", SELF_CONSISTENCY),
    )
    rows = tuple(Row(arm, label, overrides, rung) for arm, label, rung in arms)
    title = f"Second looks (M25-M27), {policy}"
    return Grid(name, title, rows, reference="cdir", note="Published: CDIR adds 0.3 to 0.8 points.")


SECOND_LOOKS = _second_looks("cdir", "the default policy", OWN)
TAUGHT_LOOKS = _second_looks("cdir-taught", "a policy that SFT taught to look again and to ask once more", TAUGHT)
