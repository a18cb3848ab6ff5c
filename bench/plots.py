"""Plots of docs/performance.md, as SVG: the same figures make the same file."""

from __future__ import annotations

import functools
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


@functools.cache
def pyplot() -> Any:
    """Return matplotlib, imported when something is drawn: it takes a second, and a page is made without it."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "mysql-pair"
    from matplotlib import pyplot as plt  # after the choice of how it draws

    return plt


def ranges(path: Path, label: str, values: Mapping[str, Sequence[float]], aim: float | None = None) -> None:
    """Draw a bar for each median, with a line from the least to the greatest value; `aim` is a line across all."""
    _, axes = pyplot().subplots(figsize=(7, 0.6 * len(values) + 1))
    medians = [statistics.median(of_one) for of_one in values.values()]
    low = [median - min(of_one) for median, of_one in zip(medians, values.values(), strict=True)]
    high = [max(of_one) - median for median, of_one in zip(medians, values.values(), strict=True)]
    axes.barh(list(values), medians, xerr=[low, high], color="#7a9cc6", capsize=4)
    axes.invert_yaxis()
    axes.set_xlabel(label)
    if aim is not None:
        axes.axvline(aim, color="#444444", linestyle="--", label=f"aim: {aim}")
        axes.legend()
    _save(path)


def lines(path: Path, labels: tuple[str, str], values: Mapping[str, Mapping[int, Sequence[float]]]) -> None:
    """Draw a line through the medians of each, with the least and the greatest value at every point."""
    _, axes = pyplot().subplots(figsize=(7, 4))
    for name, points in values.items():
        medians = [statistics.median(of_one) for of_one in points.values()]
        low = [median - min(of_one) for median, of_one in zip(medians, points.values(), strict=True)]
        high = [max(of_one) - median for median, of_one in zip(medians, points.values(), strict=True)]
        axes.errorbar(list(points), medians, yerr=[low, high], marker="o", capsize=3, label=name)
    axes.set_xlabel(labels[0])
    axes.set_ylabel(labels[1])
    axes.set_ylim(bottom=0)
    axes.legend()
    _save(path)


def waterfall(path: Path, spans: Sequence[tuple[str, str, float, float]], moment: tuple[str, float]) -> None:
    """Draw a line for each row (spans: group, row, begin and end in seconds), groups in colours, and one moment."""
    groups = list(dict.fromkeys(group for group, *_ in spans))
    rows = list(dict.fromkeys(row for _, row, *_ in sorted(spans, key=lambda span: (groups.index(span[0]), span[2]))))
    _, axes = pyplot().subplots(figsize=(10, 0.2 * len(rows) + 1.2))
    for group, row, begin, end in spans:
        place = rows.index(row)
        axes.barh(place, max(end - begin, 0.1), left=begin, height=0.7, color=f"C{groups.index(group)}")
    for place, row in enumerate(rows):
        times = [(begin, end) for _, of_row, begin, end in spans if of_row == row]
        took = f" {sum(end - begin for begin, end in times):.1f}"
        axes.text(max(end for _, end in times), place, took, va="center", fontsize=6)
    axes.set_yticks(range(len(rows)), rows, fontsize=7)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.axvline(moment[1], color="#444444", linestyle="--", label=moment[0])
    for number, group in enumerate(groups):
        axes.barh(0, 0, color=f"C{number}", label=group)
    axes.legend(fontsize=7, loc="upper right", bbox_to_anchor=(1, 0.9))
    axes.set_xlabel("seconds since `up` began")
    axes.grid(visible=True, axis="x", alpha=0.3)
    _save(path)


def _save(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    plt = pyplot()
    plt.tight_layout()
    plt.savefig(path, metadata={"Date": None})
    plt.close()
