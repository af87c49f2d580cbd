"""The frame of a self-contained HTML page: styles for light and dark, tables, pictures inside the file."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

_SIDE = 320  # pixels of the longer side of a picture

_STYLE = """
:root { color-scheme: light dark; --page: #fbfbf9; --ink: #1c1d21; --soft: #5b5e66; --rule: #dcdcd6; --card: #ffffff;
  --s0: #1f5fbf; --s1: #c2570c; --s2: #0f7b5f; --s3: #8a3fa8; --good: #0f7b5f; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --page: #16171b; --ink: #e9e9e4; --soft: #a4a7af; --rule: #34363d;
  --card: #1e2026; --s0: #7fb0ff; --s1: #ffa764; --s2: #5fd0ab; --s3: #d69cf0; --good: #5fd0ab; --bad: #ff8f85; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1080px; padding: 32px 20px 64px; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 19px; margin: 40px 0 8px; }
h3 { font-size: 15px; margin: 0 0 6px; }
p { max-width: 76ch; } .soft { color: var(--soft); }
.scroll { overflow-x: auto; margin-bottom: 20px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 14px; }
th, td { text-align: left; padding: 6px 14px 6px 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
th { color: var(--soft); font-weight: 600; white-space: nowrap; }
summary { cursor: pointer; color: var(--soft); } td small { color: var(--soft); display: block; white-space: nowrap; }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: 20px; }
.card { background: var(--card); border: 1px solid var(--rule); border-radius: 8px; padding: 16px; min-width: 0; }
.figures { display: flex; flex-wrap: wrap; gap: 12px 40px; margin: 20px 0; }
.figures b { display: block; font-size: 25px; font-variant-numeric: tabular-nums; }
svg { width: 100%; height: auto; display: block; } svg text { fill: var(--ink); font: 11.5px system-ui, sans-serif; }
line.grid { stroke: var(--rule); } .diagonal { stroke: var(--soft); stroke-dasharray: 4 4; }
.whisker { stroke: var(--soft); stroke-width: 2; } .curve { fill: none; stroke-width: 2; } .mark { stroke: none; }
.curve.s0 { stroke: var(--s0); } .curve.s1 { stroke: var(--s1); } .curve.s2 { stroke: var(--s2); }
.curve.s3 { stroke: var(--s3); }
.mark.s0 { fill: var(--s0); } .mark.s1 { fill: var(--s1); } .mark.s2 { fill: var(--s2); } .mark.s3 { fill: var(--s3); }
.right { color: var(--good); } .wrong { color: var(--bad); }
.example { margin: 16px 0; display: grid; grid-template-columns: 148px 1fr; gap: 20px; }
.example img { width: 100%; image-rendering: pixelated; border-radius: 4px; }
.example dt { color: var(--soft); font-size: 13px; margin-top: 8px; }
.example dd { margin: 0; overflow-wrap: anywhere; }
.example ol { margin: 4px 0 0; padding-left: 20px; } .example li { font-size: 13.5px; margin-bottom: 4px; }
.case { margin: 8px 0; padding: 0; } .case[hidden] { display: none; }
.case summary { padding: 10px 16px; color: var(--ink); }
.case .example { margin: 0; padding: 4px 16px 16px; }
.filter { display: flex; flex-wrap: wrap; gap: 12px 20px; margin: 12px 0; } .filter[hidden] { display: none; }
.filter label { color: var(--soft); font-size: 13px; display: grid; gap: 2px; } .filter button { align-self: end; }
.filter select, .filter input, .filter button { font: inherit; color: var(--ink); background: var(--card);
  border: 1px solid var(--soft); border-radius: 6px; padding: 6px 8px; max-width: 100%; }
:focus-visible { outline: 2px solid var(--s0); outline-offset: 2px; }
@media (max-width: 560px) { .example { grid-template-columns: 1fr; } .example img { width: 148px; } }
"""


def page(title: str, body: Sequence[str], *, script: str = "") -> str:
    """A whole HTML document that fetches nothing; its policy allows no other script than `script`."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    allowed = f"script-src 'sha256-{digest}'" if script else "script-src 'none'"
    policy = (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; {allowed}"
    )
    body = [*body, f"<script>{script}</script>"] if script else body
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; cells are HTML already."""
    head = "".join(f"<th>{cell}</th>" for cell in header)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def picture(path: Path, alt: str) -> str:
    """An image inside the page, at most 320 pixels a side; a note where it is missing or cannot be read."""
    from PIL import Image as Opened
    from PIL import UnidentifiedImageError

    if not path.is_file():
        return f'<p class="soft">image {escape(path.name)} is missing</p>'
    try:
        with Opened.open(path) as image:
            kind, data = _small(image)
    except (OSError, UnidentifiedImageError, Opened.DecompressionBombError):
        return f'<p class="soft">image {escape(path.name)} cannot be shown</p>'
    return f'<img src="data:image/{kind};base64,{data}" alt="{escape(alt, quote=True)}">'


def _small(image: Image) -> tuple[str, str]:
    """A PNG of a small image, a JPEG of a thumbnail of any other; nothing of its metadata."""
    buffer, kind = io.BytesIO(), "png"
    small = image.convert("L" if image.mode in ("1", "L") else "RGB")
    if max(small.size) > _SIDE:
        small.thumbnail((_SIDE, _SIDE))
        kind = "jpeg"
    small.save(buffer, kind, optimize=True)
    return kind, base64.b64encode(buffer.getvalue()).decode("ascii")
