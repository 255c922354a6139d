"""Figures as SVG inside a page, with ids of their own and its colours, and as files."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Sequence
from pathlib import Path

from samplerbench.errors import UsageError
from samplerbench.reports.figures.figure import Picture
from samplerbench.reports.figures.style import INK

FORMATS = ("svg", "pdf", "png")
#: the style's own colours -> those of the page, which differ in the dark
PAGE_COLORS = {
    INK: "currentColor",
    **{
        f"#{color}": f"var(--s{i},#{color})"
        for i, color in enumerate("0072b2 c44e00 007a5a a3467f 7a5c00 3d5afe 6b6b6b 8c1d18".split())
    },
}
COLORS = re.compile("|".join(PAGE_COLORS))
NO_METADATA = {
    "svg": {"Date": None, "Creator": None, "Format": None, "Type": None},
    "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
    "png": {"Software": None},
}


def inline_all(pictures: Sequence[Picture]) -> list[dict[str, str]]:
    """Figures with their words, as a page's templates take them."""
    return [
        {"title": p.title, "alt": p.alt, "caption": p.caption, "svg": inline(p)} for p in pictures
    ]


def inline(picture: Picture) -> str:
    """The figure as an SVG element for a page: ids of its own, no metadata, the page's colours."""
    out = io.StringIO()
    picture.figure.savefig(out, format="svg", transparent=True, metadata=NO_METADATA["svg"])
    text = out.getvalue()
    size = re.search(r'viewBox="([^"]*)"', text)
    if size is None:  # matplotlib has always written one
        raise ValueError("matplotlib's SVG has no viewBox")
    start = text.index(">", size.end()) + 1
    body = re.sub(r"<metadata>.*?</metadata>", "", text[start : text.rindex("</svg>")], flags=re.S)
    body = re.sub(r"<(?![/?!])[^>]+>", _short_tag, body)
    head = f'<svg viewBox="{size[1]}" role="img" aria-label="{html.escape(picture.alt)}">'
    return head + _prefix_ids(body, picture.name) + "</svg>"


def _prefix_ids(body: str, name: str) -> str:
    """Ids that are used, led by the figure's name; a page holds many figures."""
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', body))
    body = re.sub(r' id="([^"]*)"', lambda m: f' id="{name}-{m[1]}"' * (m[1] in used), body)
    return re.sub(r'(xlink:href="#|url\(#)', rf"\g<1>{name}-", body)


def _short_tag(match: re.Match[str]) -> str:
    """A tag with coordinates to a hundredth of a point, and the page's colours for the style's."""
    tag = re.sub(r"(\d+\.\d\d)\d+", r"\1", match[0])
    return COLORS.sub(lambda m: PAGE_COLORS[m[0]], tag)


def save(pictures: Sequence[Picture], folder: Path) -> list[Path]:
    """Every picture as SVG, PDF and PNG, and their words beside them. Raises UsageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for picture in pictures:
            for form in FORMATS:
                paths.append(folder / f"{picture.name}.{form}")
                about = {**NO_METADATA[form], "Title": picture.title}
                picture.figure.savefig(paths[-1], format=form, metadata=about)
        words = [f"# {p.name}\n\n{p.title}. {p.caption}\n\n{p.alt}\n" for p in pictures]
        paths.append(folder / "figures.md")
        paths[-1].write_text("\n".join(words), encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"figures can't be written to {str(folder)!r}: {error.strerror}\n"
            "  expected: a folder that is there, or can be made"
        ) from error
    return paths
