"""An `EvalReport` as one HTML document that loads nothing: templates, style and script are put into it.

What documents and customers wrote is hostile here. Jinja escapes every value; style and script are allowed by their
hashes, and nothing else is, so that even a value that slipped through could neither run nor fetch.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from ragbot.evaluate.page import charts, content, words
from ragbot.evaluate.values import Comparison, EvalReport

TITLE = "How well the bot answers"
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""What an HTML document must not hold: control characters, halves of surrogate pairs, noncharacters."""


def render_page(report: EvalReport, *, title: str = TITLE, comparison: Comparison | None = None) -> str:
    """The document. The same report gives the same text, up to its timings.

    `comparison`: with a baseline; its broken and healed questions come first then.
    """
    asked = list(content.questions(report, comparison))
    style, script = _read("style.css"), _read("page.js")
    policy = (
        f"default-src 'none'; style-src {_allowed(style)}; script-src {_allowed(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        _environment()
        .get_template("report.html")
        .render(
            title=title,
            style=style,
            script=script,
            policy=policy,
            report=report,
            comparison=comparison,
            verdict=words.verdict(report, comparison),
            headline=content.headline(report),
            measures=content.measures(report),
            groups=content.groups(report),
            confusion=content.confusion(report),
            charts=charts.charts(report),
            changes=content.changes(comparison),
            questions=asked,
            by_id=content.by_id(asked),
            choices=content.choices(report),
        )
    )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("ragbot.evaluate.page", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )
    environment.filters["percent"] = words.percent
    environment.filters["between"] = words.between
    environment.filters["points"] = words.points
    environment.filters["tip"] = content.tip
    return environment


def _printable(value: Any) -> Any:
    return _UNPRINTABLE.sub("\ufffd", value) if type(value) is str else value


def _read(name: str) -> str:
    return files("ragbot.evaluate.page").joinpath("templates", name).read_text(encoding="utf-8")


def _allowed(text: str) -> str:
    """The source expression of Content Security Policy level 3 that allows this inline text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
