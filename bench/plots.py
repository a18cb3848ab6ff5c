"""Plots of docs/performance.md, as SVG: the same figures make the same file."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "mysql-pair"
from matplotlib import pyplot as plt  # noqa: E402  after the choice of how it draws


def ranges(path: Path, label: str, values: Mapping[str, Sequence[float]], aim: float | None = None) -> None:
    """Draw a bar for each median, with a line from the least to the greatest value; `aim` is a line across all."""
    _, axes = plt.subplots(figsize=(7, 0.6 * len(values) + 1))
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
    _, axes = plt.subplots(figsize=(7, 4))
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


def _save(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    plt.tight_layout()
    plt.savefig(path, metadata={"Date": None})
    plt.close()
