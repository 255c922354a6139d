"""How figures look: matplotlib styles, the look of each sampler, axes, legends, ticks."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from samplerbench.errors import UsageError, unknown_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STYLE = Path(__file__).with_name("samplerbench.mplstyle")
#: the inches that heights of panels are given for; those of the style in use scale them
SIZE = (4.8, 3.6)  # at a phone's width the letters are still 8 points
TOP, RIGHT, GAP = 0.3, 0.1, 0.22  # inches around and between axes
LINE = 0.165  # inches of a line of a legend
LETTER, HANDLE = 0.066, 0.55  # inches of a letter of it; of the line or mark before, with its gap
INK, GREY = "#1b1f24", "#8b949e"  # text and lines; what is exact
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
#: of lines: a tile of dots or rings takes a third of a megabyte of SVG
HATCHES = ("", "////", "||||", "xxxx", "\\\\\\\\", "----", "//", "++")
DASHES: tuple[Any, ...] = (
    "-",
    (0, (5, 1.5)),
    (0, (1.5, 1.2)),
    (0, (6, 1.5, 1.5, 1.5)),
    (0, (8, 3)),
    (0, (3, 1, 1, 1, 1, 1)),
    (0, (2, 3)),
    (0, (10, 2, 2, 2)),
)


@dataclass(frozen=True)
class Look:
    """How one sampler is drawn, everywhere; each part alone tells it apart."""

    color: str
    marker: str
    hatch: str
    dash: Any


@contextmanager
def use_style(style: Path | None = None) -> Iterator[None]:
    """Figures made and written inside look as the project's style says, and ``style`` on top.

    ``style`` is a file, or the name of one of matplotlib's own. The same rows give the same bytes,
    whatever a ``matplotlibrc`` or the session has set, as text that LaTeX draws. Raises UsageError
    for a style that can't be used.
    """
    matplotlib = _import_matplotlib()
    settings = dict(_settings(STYLE))
    if style is not None:
        settings.update(_own_settings(str(style)) or _settings(style))
    settings["svg.hashsalt"] = "samplerbench"
    settings["text.parse_math"] = False  # a dollar in a name is a dollar
    with (
        matplotlib.rc_context(),
        warnings.catch_warnings(),
        np.errstate(all="ignore"),  # draws of an improper posterior can be huge
    ):
        # a name in a script that the font lacks: the SVG holds it as text, the browser finds a font
        warnings.filterwarnings("ignore", "Glyph .* missing from")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(settings)
        yield


def _own_settings(name: str) -> Any:
    """Settings of matplotlib's own style of this name; None for the path of a file."""
    from matplotlib import style

    if name in style.library:
        return style.library[name]
    if Path(name).name == name and not Path(name).suffix and not os.path.exists(name):
        raise unknown_name("style of matplotlib", name, style.available)
    return None


def _import_matplotlib() -> Any:
    """Matplotlib, whose import fails for a backend in ``MPLBACKEND`` that it does not know."""
    backend = None if "matplotlib" in sys.modules else os.environ.pop("MPLBACKEND", None)
    import matplotlib

    if backend is not None:
        os.environ["MPLBACKEND"] = backend
        with suppress(ValueError):  # no picture here needs one
            matplotlib.rcParams["backend"] = backend
    return matplotlib


def _settings(path: Path) -> Any:
    import matplotlib

    try:
        for line in path.read_text(encoding="utf-8").splitlines():
            key = line.split("#")[0].partition(":")[0].strip()
            if key and key not in matplotlib.rcParams:  # matplotlib itself only logs it
                raise unknown_name("setting of matplotlib", key, _related(key, matplotlib.rcParams))
        return matplotlib.rc_params_from_file(path, fail_on_error=True, use_default_template=False)
    except (OSError, KeyError, ValueError) as error:
        raise UsageError(
            f"{str(path)!r} is no matplotlib style: {error}\n"
            f"  expected: lines like those of {STYLE.name}, as `lines.linewidth: 2`"
        ) from error


def _related(key: str, known: Iterable[str]) -> list[str]:
    """The settings of the same group; all of them would be three hundred."""
    group = [name for name in known if name.split(".")[0] == key.split(".")[0]]
    return group or sorted({name.split(".")[0] for name in known})


def write_beside(axes: Axes, text: str, point: tuple[float, float], gap: int, rise: int) -> None:
    """Write ``text`` ``gap`` points beside a point, where logarithmic axes have more room for it.

    All that sets their limits is drawn before.
    """
    lo, hi = axes.get_xlim()
    side = -1 if point[0] > (lo * hi) ** 0.5 else 1
    place: dict[str, Any] = {"textcoords": "offset points", "fontsize": 7.5}
    place |= {"ha": "left" if side > 0 else "right", "va": "bottom" if rise else "center"}
    axes.annotate(text, point, (side * gap, rise), **place)


def get_look(index: int) -> Look:
    """The look of the sampler with this number; colours are those of the style in use."""
    import matplotlib

    colors = matplotlib.rcParams["axes.prop_cycle"].by_key().get("color") or [INK]
    # past the end of one list the others, of other lengths or shifted, still differ
    turn = index // len(MARKERS)
    return Look(
        colors[index % len(colors)],
        MARKERS[index % len(MARKERS)],
        HATCHES[(index + turn) % len(HATCHES)],
        DASHES[(index + turn) % len(DASHES)],
    )


def number_looks(labels: Sequence[str]) -> dict[str, int]:
    """Label -> number of its look, in order of appearance: the same in every figure of a report."""
    return {name: i for i, name in enumerate(dict.fromkeys(labels))}


def get_size() -> tuple[float, float]:
    """``figure.figsize`` of the style in use, in inches: the width, and what heights scale by."""
    import matplotlib

    width, height = matplotlib.rcParams["figure.figsize"]
    return width, height


def make_grid(
    heights: Sequence[float],
    columns: int | Sequence[int] = 1,
    legend: Sequence[str] = (),
    left: float = 0.72,
    gap: float = 0.5,
    bottom: float = 0.45,
) -> tuple[Figure, list[list[Axes]]]:
    """A figure and its axes, row by row: ``heights`` in inches, ``columns`` in each row.

    Room for a legend with these labels is left below. Places are computed here: matplotlib's own
    layouts draw everything three times over.
    """
    from matplotlib.figure import Figure

    width, height = get_size()
    heights = [each * height / SIZE[1] for each in heights]
    lines = -(-len(legend) // _legend_columns(legend))
    room = bottom + LINE * lines + 0.1 * bool(lines)
    tall = TOP + sum(heights) + gap * (len(heights) - 1) + room
    figure = Figure(figsize=(width, tall))
    top, rows = tall - TOP, []
    for at, high in enumerate(heights):
        count = columns if isinstance(columns, int) else columns[at]
        wide = (width - left - RIGHT - GAP * (count - 1)) / count
        places = [left + k * (wide + GAP) for k in range(count)]
        low = top - high
        rows.append(
            [figure.add_axes((x / width, low / tall, wide / width, high / tall)) for x in places]
        )
        top = low - gap
    return figure, rows


def add_legend(figure: Figure, axes: Axes, labels: Sequence[str]) -> None:
    """The legend of ``axes`` below the figure, where it hides nothing, as ``make_grid`` left room.

    ``labels`` are those of the legend.
    """
    columns = _legend_columns(labels)
    place: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0.0, 0.0), "ncols": columns}
    space: dict[str, Any] = {"handlelength": 2.6, "borderaxespad": 0.2, "labelspacing": 0.3}
    handles, names = axes.get_legend_handles_labels()
    figure.legend(handles, names, columnspacing=1.2, **place, **space)


def _legend_columns(labels: Sequence[str]) -> int:
    """How many columns of a legend fit side by side; matplotlib fills them one after another."""
    for columns in (3, 2):
        each = -(-len(labels) // columns)
        widest = [max(map(len, labels[at : at + each])) for at in range(0, len(labels), each or 1)]
        if len(widest) == columns and LETTER * sum(widest) + HANDLE * columns <= get_size()[0]:
            return columns
    return 1


def set_logarithmic(axes: Axes, x: bool = True, y: bool = True) -> None:
    """Logarithmic axes with plain numbers at the decades: 0.01, 1, 100, 10k."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    for axis, is_logarithmic in ((axes.xaxis, x), (axes.yaxis, y)):
        if is_logarithmic:
            (axes.set_xscale if axis is axes.xaxis else axes.set_yscale)("log")
            axis.set_major_locator(LogLocator(numticks=7))
            axis.set_minor_locator(NullLocator())
            axis.set_major_formatter(FuncFormatter(lambda value, _: short_number(value)))


def set_decade_ticks(axes: Axes) -> None:
    """Ticks at the decades, more where there are few of them, even ones in less than one.

    It is called once all is drawn.
    """
    from math import log10

    from matplotlib.ticker import LogLocator, MaxNLocator

    for axis, (lo, hi) in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
        if axis.get_scale() == "log" and log10(hi / lo) < 0.9:
            axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        elif axis.get_scale() == "log" and log10(hi / lo) < 2.2:
            axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=12))


def short_number(value: float) -> str:
    """A tick's number: 0.001, 20, 10k, 1M."""
    for size, sign in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if sign == 'k' else size):g}{sign}"
    return f"{value:g}"
