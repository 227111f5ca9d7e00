"""How long the HTML report takes to make and, in Chromium, to load, filter and sort, by number of questions.

    python scripts/bench_report.py [--rows 100 2000]

The baseline is the smallest size of the same run: the ratios tell how the page grows. Medians of three page loads.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from browser import launch
from reports import mixed_rows, report

from ragbot.evaluate.page.page import render_page
from ragbot.evaluate.values import EvalReport

ACTIONS = {
    "filter": "search.value = 'refunds'; search.dispatchEvent(new Event('input', { bubbles: true }))",
    "clear": "search.value = ''; search.dispatchEvent(new Event('input', { bubbles: true }))",
    "sort": "document.querySelectorAll('.questions thead button')[1].click()",
}
"""What is done on the page; each is timed until the next frame is drawn."""


def of_size(rows: int) -> EvalReport:
    """Questions of every kind, repeated."""
    kinds = mixed_rows()
    return report(
        [
            replace(kinds[place % len(kinds)], id=f"r{place}", cluster=f"c{place % 50}")
            for place in range(rows)
        ]
    )


def timed(browser: Browser, file: Path) -> dict[str, float]:
    """Milliseconds of loading and of each action on a fresh page."""
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    began = time.perf_counter()
    opened.goto(file.as_uri())
    times = {"load": 1000 * (time.perf_counter() - began)}
    for name, action in ACTIONS.items():
        times[name] = opened.evaluate(
            f"""async () => {{
                const search = document.querySelector("input[type=search]");
                const began = performance.now();
                {action};
                await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
                return performance.now() - began;
            }}"""
        )
    opened.close()
    return times


def main(sizes: Sequence[int]) -> None:
    """Print a line for each size."""
    base: dict[str, float] = {}
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = launch(playwright)
        render_page(of_size(1))  # reads the templates
        for rows in sorted(sizes):
            questions = of_size(rows)
            began = time.perf_counter()
            text = render_page(questions)
            made = 1000 * (time.perf_counter() - began)
            file = Path(folder, f"{rows}.html")
            file.write_text(text, encoding="utf-8")
            runs = [timed(browser, file) for _ in range(3)]
            figures = {
                "make": made,
                **{name: statistics.median(run[name] for run in runs) for name in runs[0]},
            }
            base = base or figures
            said = ", ".join(
                f"{name} {value:.0f} ms (x{value / base[name]:.1f})" for name, value in figures.items()
            )
            print(f"{rows} questions, {len(text.encode()) / 1e6:.1f} MB: {said}")
        browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", default=[100, 2000])
    main(parser.parse_args().rows)
