"""The report's browser of cases: native controls that hide what does not fit; without its script all cases show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from medrwr.evaluation.cases import Case
from medrwr.evaluation.episode_html import episode_html
from medrwr.evaluation.results import CELL_LABELS

SCRIPT = """
(() => {
  const form = document.getElementById("case-filter"), shown = document.getElementById("case-count");
  const cases = [...document.querySelectorAll("details.case")];
  const texts = cases.map((one) => one.textContent.toLowerCase());
  const names = ["cell", "verdict", "failure"];
  const filter = () => {
    const words = form.elements.text.value.toLowerCase().split(/\\s+/).filter(Boolean);
    let count = 0;
    cases.forEach((one, place) => {
      const fits = names.every((name) => !form.elements[name].value || form.elements[name].value === one.dataset[name])
        && words.every((word) => texts[place].includes(word));
      one.hidden = !fits;
      count += fits ? 1 : 0;
    });
    shown.textContent = `${count} of ${cases.length} cases`;
  };
  form.hidden = false;
  form.addEventListener("input", filter);
  form.addEventListener("reset", () => setTimeout(filter));
  form.addEventListener("submit", (event) => event.preventDefault());
  filter();
})();
"""


def browser_html(cases: Sequence[Case], answers: int, image_root: Path) -> list[str]:
    """The section: filters and cases; `answers` is how many there were to choose from."""
    cells = {case.example.cell: CELL_LABELS.get(case.example.cell, case.example.cell) for case in cases}
    failures = sorted({case.failure for case in cases if case.failure})
    controls = [
        _select("cell", "Benchmark", cells.items()),
        _select("verdict", "Verdict", [("right", "right"), ("wrong", "wrong")]),
        _select("failure", "Failure", [(kind, kind) for kind in failures]),
        '<label>Text <input type="search" name="text" autocomplete="off"></label>',
        '<button type="reset">All</button>',
    ]
    return [
        "<h2>Cases</h2>",
        f'<p class="soft">{len(cases)} of the {answers} answers as deployed, in turn of every benchmark and kind.</p>',
        f'<form id="case-filter" class="filter" hidden>{"".join(controls)}</form>',
        f'<p id="case-count" class="soft" role="status">{len(cases)} cases</p>',
        *(_case(case, image_root) for case in cases),
    ]


def _select(name: str, label: str, choices: Iterable[tuple[str, str]]) -> str:
    options = "".join(
        f'<option value="{escape(value, quote=True)}">{escape(text)}</option>'
        for value, text in [("", "all"), *choices]
    )
    return f'<label>{label} <select name="{name}">{options}</select></label>'


def _case(case: Case, image_root: Path) -> str:
    example = case.example
    verdict = "right" if example.correct else "wrong"
    data = {"cell": example.cell, "verdict": verdict, "failure": case.failure}
    attributes = " ".join(f'data-{name}="{escape(value, quote=True)}"' for name, value in data.items())
    kind = f"{verdict}, {case.failure}" if case.failure else verdict
    summary = (
        f'<b class="{verdict}">{escape(kind)}</b> {escape(example.question)} '
        f'<span class="soft">{escape(CELL_LABELS.get(example.cell, example.cell))}</span>'
    )
    body = episode_html(example, image_root, f"<h3>{escape(example.why.capitalize())}</h3>", case.account)
    shown = f'<summary>{summary}</summary><div class="example">{body}</div>'
    return f'<details class="card case" {attributes}>{shown}</details>'
