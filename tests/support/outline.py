"""What a page holds for a reader who does not see it, and what any page must have."""

from __future__ import annotations

import html.parser
import re


class Outline(html.parser.HTMLParser):
    """What a reader with a screen reader would meet."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.headings: list[int] = []
        self.tags: list[tuple[str, dict]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given[n] for n in ("href", "src", "xlink:href") if n in given]
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def assert_closed(page: str, outline: Outline) -> None:
    """Fail where the page asks for anything outside of itself."""
    assert all(link.startswith(("#", "data:")) for link in outline.links)
    assert not re.search(r"url\((?!#)|@import|https?://(?!www\.w3\.org)", page)


def assert_readable(outline: Outline, figures: int) -> None:
    """Fail where one of ``figures`` or more lacks words, a table its heads, a heading its level."""
    shapes = [given for tag, given in outline.tags if tag == "svg"]
    assert len(shapes) >= figures
    assert all(g.get("role") == "img" and len(g["aria-label"]) > 30 for g in shapes)
    assert all("scope" in given for tag, given in outline.tags if tag == "th")
    assert dict(outline.tags)["html"]["lang"] == "en"
    assert len(outline.ids) == len(set(outline.ids))
    steps = zip(outline.headings, outline.headings[1:], strict=False)
    assert all(after <= before + 1 for before, after in steps)
