"""A small valid file of every format, written here: what readers are tested with, and what the benchmark damages."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable

SENTENCE = "A granular apical ring on echocardiography points to {name}, which is treated first with kemopril."


def prose(name: str, sentences: int = 4) -> str:
    return " ".join(
        f"{SENTENCE.format(name=name)} Review number {number} comes after a week." for number in range(sentences)
    )


def medquad(name: str) -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document id="1" source="GHR" url="https://example.org/{name}">
<Focus>{name}</Focus>
<FocusAnnotations><Synonyms><Synonym>{name} disease</Synonym></Synonyms></FocusAnnotations>
<QAPairs><QAPair pid="1"><Question qid="1" qtype="treatment">How is it treated ?</Question>
<Answer>{prose(name)}</Answer></QAPair></QAPairs></Document>
""".encode()


def cnxml(name: str) -> bytes:
    return f"""<document xmlns="http://cnx.rice.edu/cnxml">
<title>{name}</title>
<metadata xmlns:md="http://cnx.rice.edu/mdml"><md:title>{name}</md:title>
<md:license url="http://creativecommons.org/licenses/by/4.0/"/></metadata>
<content><para id="p1">{prose(name)}</para>
<section id="s1"><title>Treatment</title><para id="p2">It is <term>treated</term> with H<sub>2</sub>O.</para>
<section id="s2"><title>Dose</title><list><item>5 mg at night</item><item>10 mg</item></list>
<table><tgroup cols="2"><tbody><row><entry>Drug</entry><entry>kemopril</entry></row></tbody></tgroup></table></section>
</section>
<section class="references" id="s3"><title>References</title><para>Nobody, 2020.</para></section></content>
<glossary><definition><term>{name}</term><meaning>a disease of the ring</meaning></definition></glossary></document>
""".encode()


def jats(name: str) -> bytes:
    return f"""<?xml version="1.0"?>
<!DOCTYPE article PUBLIC "-//NLM//DTD JATS (Z39.96) Journal Archiving DTD v1.2//EN" "JATS-archivearticle1.dtd">
<article xmlns:xlink="http://www.w3.org/1999/xlink"><front><article-meta>
<article-id pub-id-type="pmid">7</article-id><article-id pub-id-type="doi">10.1/{name}</article-id>
<title-group><article-title>On <italic>{name}</italic></article-title></title-group>
<pub-date pub-type="epub"><day>3</day><month>4</month><year>2021</year></pub-date>
<permissions><license license-type="open-access" xlink:href="https://creativecommons.org/licenses/by/4.0/"/></permissions>
<abstract><sec><title>Background</title><p>{prose(name)}</p></sec></abstract><kwd-group><kwd>{name}</kwd></kwd-group>
</article-meta></front><body><sec><title>Results</title><p>It healed<xref ref-type="bibr">[1]</xref> soon.</p>
<sec><title>Dose</title><p>As follows: <list><list-item><p>5 mg</p></list-item></list></p></sec></sec></body>
<back><ref-list><ref><mixed-citation>Nobody 2020</mixed-citation></ref></ref-list></back></article>
""".encode()


def pubmed(name: str) -> bytes:
    citation = """<PubmedArticle><MedlineCitation><PMID Version="1">{key}</PMID><Article><Journal><JournalIssue>
<PubDate><Year>2019</Year><Month>Mar</Month><Day>7</Day></PubDate></JournalIssue></Journal>
<ArticleTitle>{title}.</ArticleTitle>{abstract}</Article><MeshHeadingList><MeshHeading>
<DescriptorName UI="D1">Heart</DescriptorName></MeshHeading></MeshHeadingList></MedlineCitation></PubmedArticle>"""
    abstract = f'<Abstract><AbstractText Label="METHODS">{prose(name)}</AbstractText></Abstract>'
    first = citation.format(key=11, title=f"Trial of {name}", abstract=abstract)
    second = citation.format(key=12, title="A letter", abstract="")
    return f'<?xml version="1.0"?>\n<PubmedArticleSet>{first}{second}</PubmedArticleSet>\n'.encode()


def pubmed_gz(name: str) -> bytes:
    return gzip.compress(pubmed(name), mtime=0)


def medcpt(name: str) -> bytes:
    first = {"d": "20190307", "t": f"Trial of {name}.", "a": prose(name), "m": "D1"}
    return json.dumps({"11": first, "12": {"d": "", "t": "A letter", "a": "", "m": ""}}).encode()


def pubmedqa(name: str) -> bytes:
    record = {"QUESTION": "Does it?", "CONTEXTS": [prose(name)], "LABELS": ["METHODS"], "MESHES": ["Heart"]}
    return json.dumps({"11": {**record, "YEAR": "2019", "LONG_ANSWER": "It does."}}, indent=1).encode()


def medmcqa(name: str) -> bytes:
    options = {"opa": "a", "opb": "b", "opc": "c", "opd": "d", "cop": 2, "subject_name": "Medicine"}
    rows = [
        {"id": "q1", "question": f"What treats {name}?", "exp": f"Ans. is 'b' i.e., {prose(name)}", **options},
        {"id": "q2", "question": "What else?", "exp": None, **options},
    ]
    return "".join(json.dumps({**row, "topic_name": None}) + "\n" for row in rows).encode()


def squad(name: str) -> bytes:
    paragraph = {"context": prose(name), "qas": [{"id": "1", "question": "What?", "answers": []}]}
    return json.dumps({"version": "1.1", "data": [{"title": f"{name}_disease", "paragraphs": [paragraph]}]}).encode()


def bioasq(name: str) -> bytes:
    url = "http://www.ncbi.nlm.nih.gov/pubmed/11"
    snippets = [
        {"document": url, "text": text, "beginSection": section, "offsetInBeginSection": start}
        for section, start, text in [
            ("abstract", 120, "It is treated first with kemopril."),
            ("abstract", 0, prose(name)),
            ("title", 0, f"Trial of {name}."),
            ("abstract", 40, "points to"),
        ]
    ]
    return json.dumps({"questions": [{"id": "1", "body": "What?", "snippets": snippets}]}).encode()


def csv(name: str) -> bytes:
    return f'id,title,text,date\n1,{name},"{prose(name)}",2019-03\n2,short\n3,"A ""quoted"" title",,2020\n'.encode()


def tsv(name: str) -> bytes:
    return f"id\ttitle\ttext\n1\t{name}\t{prose(name)}\n".encode()


def jsonl(name: str) -> bytes:
    return (json.dumps({"id": "1", "title": name, "contents": prose(name)}) + "\n{broken\n").encode()


def html(name: str) -> bytes:
    return f"""<!DOCTYPE html><html><head><title>{name}</title><meta name="date" content="2019-03-07">
<style>p {{ color: red }}</style><link rel="license" href="https://creativecommons.org/licenses/by/4.0/"></head>
<body><nav>Home | About</nav><h1>{name}</h1><p>{prose(name)}</p><h2>Treatment</h2><p>Give <b>kemopril</b>.
<script>x()</script><h3>Dose</h3><ul><li>5 mg<li>10 mg</ul><table><tr><td>Drug</td><td>kemopril</td></tr></table>
<footer>Contact us</footer></body></html>""".encode()


def markdown(name: str) -> bytes:
    head = f"---\ntitle: {name}\nlicence: CC0\n---\n# {name}\n\n"
    return f"{head}{prose(name)}\n\n## Treatment\n\n### Dose\n\n5 mg.\n".encode()


def text(name: str) -> bytes:
    return f"{name} in brief\n\n{prose(name)}\n".encode()


def pdf(name: str, *, compressed: bool = True) -> bytes:
    """Two pages, a bookmark on each; the text runs on over the page."""
    pages = [[f"{name} is a disease of the heart that goes on over a", "page."], [*prose(name, 2).split(", ")]]
    contents = []
    for lines in pages:
        shown = b" ".join(f"({line}) Tj 0 -14 Td".encode() for line in lines)
        stream = b"BT /F1 10 Tf 40 700 Td " + shown + b" ET"
        packed = zlib.compress(stream) if compressed else stream
        kind = b"/Filter /FlateDecode " if compressed else b""
        contents.append(b"<< %s/Length %d >>\nstream\n%s\nendstream" % (kind, len(packed), packed))
    font = b"/Resources << /Font << /F1 5 0 R >> >>"
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R " + font + b" >>"
    mark = b"<< /Title (%s) /Parent 8 0 R /Dest [%d 0 R /Fit] %s>>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Outlines 8 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 2 >>",
        page % 6,
        page % 7,
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        *contents,
        b"<< /Type /Outlines /First 9 0 R /Last 10 0 R /Count 2 >>",
        mark % (b"Overview", 3, b"/Next 10 0 R "),
        mark % (b"Treatment", 4, b"/Prev 9 0 R "),
        f"<< /Title ({name}) /CreationDate (D:20190307120000Z) >>".encode(),
    ]
    return _assembled(objects)


def _assembled(objects: list[bytes]) -> bytes:
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    trailer = b"trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, size - 1, len(out))
    return out + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + trailer


# File name -> what is in it; the name of the disease makes each file's content its own.
SAMPLES: dict[str, Callable[[str], bytes]] = {
    "medquad.xml": medquad,
    "module.cnxml": cnxml,
    "article.nxml": jats,
    "pubmed.xml": pubmed,
    "pubmed.xml.gz": pubmed_gz,
    "medcpt.json": medcpt,
    "pubmedqa.json": pubmedqa,
    "medmcqa.json": medmcqa,
    "squad.json": squad,
    "bioasq.json": bioasq,
    "table.csv": csv,
    "table.tsv": tsv,
    "rows.jsonl": jsonl,
    "page.html": html,
    "note.md": markdown,
    "note.txt": text,
    "paper.pdf": pdf,
}
