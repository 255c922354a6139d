"""A page in headless Chromium: what it does when a heading is pressed, and what it asks for.

Playwright drives the Chromium that is installed; it can't bring its own everywhere. axe-core reads
the page as an accessibility audit does (WCAG 2.2, levels A and AA, and its best practices).
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))),
    None,
)
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-component-update")
PHONE, DESK = (390, 844), (1280, 900)
LOOKS = [(scheme, size) for size in (PHONE, DESK) for scheme in ("light", "dark")]
#: keys of a column, in the order of the rows that are shown
KEYS = """column => {
  const at = Number(document.querySelector(`th[data-name="${column}"]`).dataset.at);
  return [...document.querySelector("table.sortable tbody").rows].map(r => r.cells[at].dataset.key);
}"""
#: the lines of an element's first text that is no blank
LINES = """element => {
  const range = document.createRange();
  range.selectNodeContents([...element.childNodes].find(e => e.textContent.trim()));
  return new Set([...range.getClientRects()].map(r => r.top)).size;
}"""
#: what scrolls sideways in itself and can't be reached by keyboard
UNREACHABLE = """() => [...document.querySelectorAll(".scroll, pre")]
  .filter(e => e.scrollWidth > e.clientWidth && e.tabIndex < 0).length"""


def open_page(html: str, folder: Path, column: str) -> dict[str, Any]:
    """What the page did at a phone's width, sorted twice by ``column``, and its audits.

    Skips the test where there is no Chromium, or no Playwright.
    """
    path = folder / "page.html"
    path.write_text(html, encoding="utf-8")
    with _start_browser() as browser:
        seen = _press(browser, path, column)
        for scheme, size in LOOKS:
            seen["audits"][scheme, size[0]] = _audit(browser, path, scheme, size)
    return seen


def audit_pages(paths: Iterable[Path]) -> tuple[list[str], list[str]]:
    """What is wrong with pages of a site, as a phone and a desk show them, and what they ask for.

    Skips the test where there is no Chromium, or no Playwright.
    """
    found: list[str] = []
    requests: list[str] = []
    with _start_browser() as browser:
        for path in paths:
            for scheme, size in (("light", PHONE), ("dark", DESK)):
                texts = _audit(browser, path, scheme, size, requests)
                found += [f"{path.name}, {scheme}, {size[0]} px: {text}" for text in texts]
    return found, requests


def find_box(path: Path, selector: str, size: tuple[int, int]) -> dict[str, float]:
    """Where the first element that ``selector`` names lies on the page: x, y, width, height.

    Skips the test where there is no Chromium, or no Playwright.
    """
    with _start_browser() as browser:
        page = browser.new_page(viewport=dict(zip(("width", "height"), size, strict=True)))
        page.goto(path.as_uri())
        box: dict[str, float] = page.locator(selector).first.bounding_box()
        return box


def count_lines(path: Path, selector: str, size: tuple[int, int]) -> int:
    """On how many lines the text of the first element stands that ``selector`` names."""
    with _start_browser() as browser:
        page = browser.new_page(viewport=dict(zip(("width", "height"), size, strict=True)))
        page.goto(path.as_uri())
        lines: int = page.locator(selector).first.evaluate(LINES)
        return lines


@contextlib.contextmanager
def _start_browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed here")
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="needs Playwright: samplerbench[dev]"
    )
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser
        browser.close()


def _press(browser: Any, path: Path, column: str) -> dict[str, Any]:
    page = browser.new_page(viewport=dict(zip(("width", "height"), PHONE, strict=True)))
    seen: dict[str, Any] = {"errors": [], "console": [], "requests": [], "audits": {}}
    page.on("pageerror", lambda error: seen["errors"].append(str(error)))
    page.on("console", lambda message: seen["console"].append(message.text))
    page.on("request", lambda request: seen["requests"].append(request.url))
    page.goto(path.as_uri())
    head = page.locator(f'th[data-name="{column}"]')
    seen["before"] = page.evaluate(KEYS, column)
    head.locator("button").click()
    seen["up"], seen["sort"] = page.evaluate(KEYS, column), head.get_attribute("aria-sort")
    head.locator("button").press("Enter")  # what a keyboard does
    seen["down"] = page.evaluate(KEYS, column)
    section = page.locator("table.sortable >> xpath=ancestor::section")
    seen["status"] = section.get_by_role("status").inner_text()
    seen["wide"] = page.evaluate("document.documentElement.scrollWidth")
    seen["unreachable"] = page.evaluate(UNREACHABLE)
    page.close()
    return seen


def _audit(
    browser: Any,
    path: Path,
    scheme: str,
    size: tuple[int, int],
    requests: list[str] | None = None,
) -> list[str]:
    """What axe-core finds wrong with the page, all that folds unfolded.

    The addresses that the page asks for join ``requests``.
    """
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(
        color_scheme=scheme, viewport=dict(zip(("width", "height"), size, strict=True))
    )
    page = context.new_page()
    if requests is not None:
        page.on("request", lambda request: requests.append(request.url))
    page.goto(path.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true; })")
    violations = Axe().run(page).response["violations"]
    wide = page.evaluate("document.documentElement.scrollWidth")
    context.close()
    texts = [f"{v['id']}: {v['help']}: {v['nodes'][0]['html'][:200]}" for v in violations]
    return texts + [f"scrolls sideways: {wide} of {size[0]}"] * (wide > size[0])


def assert_sorts_and_stays_shut(seen: dict[str, Any], column: str) -> None:
    """The claims that hold of every page with a table: rows without a number stay last."""
    numbers = [float(key) for key in seen["up"] if key]
    assert numbers == sorted(numbers) != [float(key) for key in seen["before"] if key]
    assert [float(key) for key in seen["down"] if key] == numbers[::-1]
    empty = [""] * (len(seen["up"]) - len(numbers))
    assert empty and seen["up"][len(numbers) :] == seen["down"][len(numbers) :] == empty
    assert seen["sort"] == "ascending" and seen["status"] == f"Sorted by {column}, largest first."
    assert seen["errors"] == seen["console"] == []
    others = [url for url in seen["requests"] if not url.startswith("data:")]
    assert [url.startswith("file:") and url.endswith("/page.html") for url in others] == [True]


def assert_accessible(seen: dict[str, Any]) -> None:
    """No sideways scroll, nothing that a keyboard can't scroll to, and a clean audit."""
    assert seen["wide"] <= PHONE[0] and seen["unreachable"] == 0
    assert len(seen["audits"]) == 4
    for where, violations in seen["audits"].items():
        assert not violations, (where, violations)
