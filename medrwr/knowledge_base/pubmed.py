"""PubMed's XML (baseline, updates and E-utilities): many citations a file, streamed; also `.xml.gz`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from medrwr.errors import DocumentError
from medrwr.knowledge_base.content import Content
from medrwr.knowledge_base.markup import Element, child, children, inline, records
from medrwr.knowledge_base.reading import Item, Job
from medrwr.types import Document, Section

_ROOT = re.compile(r"<(?:PubmedArticleSet|PubmedArticle|MedlineCitationSet|MedlineCitation|PubmedBookArticleSet)\b")
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: f"{number:02d}" for number, name in enumerate(_MONTH_NAMES, start=1)}
_YEAR = re.compile(r"\d{4}")


def matches(_name: str, head: str) -> bool:
    """By content: a set of PubMed citations."""
    return bool(_ROOT.search(head))


def read(content: Content, job: Job) -> Iterator[Item]:
    """Citations in order; one without an abstract is rejected, a repeated PubMed id too.

    Raises:
        DocumentError: where the file breaks off, or when it holds no citation.
    """
    seen: set[str] = set()
    for citation in records(content, ("MedlineCitation",)):
        key = inline(child(citation, "PMID"))
        if not key or key in seen:
            yield job.rejected(key or str(len(seen)), f"a citation {'repeats PMID ' + key if key else 'has no PMID'}")
            continue
        seen.add(key)
        yield _document(citation, key, job) or job.rejected(key, f"citation {key} has no abstract")
    if not seen:
        raise DocumentError(f"document {job.document_id!r} holds no PubMed citation with a PMID")


def _document(citation: Element, key: str, job: Job) -> Document | None:
    article = child(citation, "Article")
    abstract = None if article is None else child(article, "Abstract")
    parts = [(one.get("Label", ""), inline(one)) for one in children(abstract, "AbstractText")]
    text = "\n".join(f"{label.capitalize()}: {part}" if label else part for label, part in parts if part)
    if article is None or not text:
        return None
    return Document(
        document_id=job.record_id(key),
        title=inline(child(article, "ArticleTitle")).rstrip(".") or f"PubMed {key}",
        sections=(Section("Abstract", text),),
        source=job.source,
        licence=inline(child(article, "Abstract", "CopyrightInformation")),
        url=f"https://pubmed.ncbi.nlm.nih.gov/{key}/",
        terms=_terms(citation),
        date=_date(child(article, "Journal", "JournalIssue", "PubDate")),
    )


def _terms(citation: Element) -> tuple[tuple[str, ...], ...]:
    headings = children(child(citation, "MeshHeadingList"), "MeshHeading")
    names = (inline(child(heading, "DescriptorName")) for heading in headings)
    return tuple((name,) for name in dict.fromkeys(names) if name)


def _date(element: Element | None) -> str:
    if element is None:
        return ""
    year = inline(child(element, "Year"))
    month = inline(child(element, "Month")).lower()[:3]
    day = inline(child(element, "Day"))
    if not year:
        found = _YEAR.search(inline(child(element, "MedlineDate")))
        return found[0] if found else ""
    month = _MONTHS.get(month) or (month.zfill(2) if month.isdigit() else "")
    return "-".join(part for part in (year, month, day.zfill(2) if month and day else "") if part)
