"""What clustering found, to look at (M11): how much of each modality is covered, and a contact sheet a cluster."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape
from pathlib import Path

from medrwr.curation.cluster import Clusters, coverage
from medrwr.retrieval.images import open_image
from medrwr.types import ImageCase

_SHOWN_CLUSTERS, _SHOWN_CASES, _PIXELS = 60, 8, 112
_STYLE = """
body{font:14px/1.45 system-ui,sans-serif;margin:2rem;color:#1d2733;background:#fff;max-width:75rem}
table{border-collapse:collapse;margin:1rem 0 2rem}td,th{padding:.25rem .9rem .25rem 0;text-align:right}
td:first-child,th:first-child{text-align:left}th{color:#5b6775;font-weight:600;border-bottom:1px solid #d8dee6}
section{margin-bottom:1.6rem}h2{font-size:1rem;margin:0 0 .4rem}.sheet{display:flex;gap:.5rem;flex-wrap:wrap}
figure{margin:0;width:7rem}img{width:7rem;height:7rem;object-fit:contain;background:#000;border-radius:4px}
figcaption{font-size:.72rem;color:#5b6775;overflow:hidden;max-height:3.2em}
@media (prefers-color-scheme:dark){body{background:#12171d;color:#dde4ec}th{border-color:#38424e}}
"""


def cluster_page(cases: Sequence[ImageCase], image_root: Path, clusters: Clusters, chosen: Sequence[int]) -> str:
    """One HTML file without script or network: the largest clusters first, their cases nearest to the centre first."""
    sizes = clusters.sizes()
    largest = sorted(range(len(sizes)), key=lambda number: (-int(sizes[number]), number))[:_SHOWN_CLUSTERS]
    sheets = "\n".join(_sheet(cases, image_root, clusters, number, int(sizes[number])) for number in largest)
    heading = f"{len(cases)} cases in {len(sizes)} clusters, {len(chosen)} chosen"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{heading}</title>\n'
        f"<style>{_STYLE}</style></head>\n<body><h1>{heading}</h1>\n"
        f"<p>Inertia {clusters.inertia:.1f}; the largest cluster has {sizes.max()} cases, "
        f"{int((sizes == 0).sum())} are empty. The {len(largest)} largest are shown.</p>\n"
        f"{_coverage(cases, clusters, chosen)}\n{sheets}\n</body></html>\n"
    )


def _coverage(cases: Sequence[ImageCase], clusters: Clusters, chosen: Sequence[int]) -> str:
    names = [case.modality or "not stated" for case in cases]
    rows = [
        f"<tr><td>{escape(name)}</td><td>{count}</td><td>{touched}</td><td>{picked}</td></tr>"
        for name, (count, touched, picked) in coverage(clusters.labels.tolist(), chosen, names).items()
    ]
    head = "<tr><th>Modality</th><th>cases</th><th>clusters with some</th><th>chosen</th></tr>"
    return f"<table>{head}{''.join(rows)}</table>"


def _sheet(cases: Sequence[ImageCase], image_root: Path, clusters: Clusters, number: int, size: int) -> str:
    members = [case for case, label in enumerate(clusters.labels) if label == number]
    nearest = sorted(members, key=lambda case: (float(clusters.distances[case]), case))[:_SHOWN_CASES]
    figures = "".join(_figure(cases[case], image_root) for case in nearest)
    return f'<section><h2>Cluster {number}: {size} cases</h2><div class="sheet">{figures}</div></section>'


def _figure(case: ImageCase, image_root: Path) -> str:
    image = open_image(image_root / case.image).convert("RGB")
    image.thumbnail((_PIXELS, _PIXELS))
    stream = io.BytesIO()
    image.save(stream, format="JPEG", quality=70)
    data = base64.b64encode(stream.getvalue()).decode()
    text = escape(case.caption)
    return (
        f'<figure><img src="data:image/jpeg;base64,{data}" alt="{text}" title="{text}">'
        f"<figcaption>{text}</figcaption></figure>"
    )
