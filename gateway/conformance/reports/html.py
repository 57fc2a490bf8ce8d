"""The report as one HTML file, for somebody who signs it: no script, nothing from elsewhere, everything escaped."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from gateway import __version__
from gateway.conformance.check import Outcome, Verdict
from gateway.conformance.report import Report

__all__ = ["render"]

_KINDS = {
    Verdict.MET: "pass",
    Verdict.FAIL: "fail",
    Verdict.DEVIATION: "deviation",
    Verdict.NOT_RUN: "not-run",
}

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --dim: #5b6675; --line: #d8dee6; --paper: #fff; --soft: #f5f7fa;
  --pass: #157347; --deviation: #9a6700; --fail: #b42318; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --dim: #9aa6b5; --line: #344050; --paper: #161b22;
  --soft: #1e2530; --pass: #4cc38a; --deviation: #e0b050; --fail: #ff7b6b; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 64rem; padding: 2rem 1.5rem 4rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.1rem; font-weight: 600; color: var(--dim); margin: 0 0 .5rem; }
.conclusion { border-left: .5rem solid; padding: .75rem 1.25rem; background: var(--soft); font-size: 1.4rem;
  line-height: 1.35; margin: 0; }
.conclusion b { color: var(--ink); font-weight: 600; }
.bar { display: flex; height: .5rem; margin: 1rem 0 .25rem; background: var(--line); }
.bar i { background: currentColor; }
.pass { color: var(--pass); } .deviation { color: var(--deviation); } .fail { color: var(--fail); }
.not-run { color: var(--dim); }
p.key { color: var(--dim); font-size: .9rem; margin: 0; }
table { border-collapse: collapse; width: 100%; font-size: .95rem; margin-top: 1.5rem; }
th, td { text-align: left; vertical-align: top; padding: .5rem .75rem .5rem 0; border-top: 1px solid var(--line); }
th { color: var(--dim); font-weight: 500; border-top: 0; }
td.verdict { font-weight: 600; white-space: nowrap; } td.clause { white-space: nowrap; color: var(--dim); }
td p { margin: 0; } td p.seen { font-weight: 600; }
footer { margin-top: 3rem; color: var(--dim); font-size: .85rem; }
@media print { body { max-width: none; padding: 0; } }
"""


def render(report: Report) -> str:
    """The document."""
    return "\n".join(_document(report)) + "\n"


def _document(report: Report) -> Iterator[str]:
    score = report.score
    worst = next((v for v in (Verdict.FAIL, Verdict.DEVIATION, Verdict.MET) if score[v]), Verdict.NOT_RUN)
    title = f"VTP conformance of the {escape(report.role)}"
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    yield f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>"
    yield f'<p class="conclusion {_KINDS[worst]}"><b>{escape(report.conclusion)}</b></p>'
    yield '<div class="bar">'
    for verdict, kind in _KINDS.items():
        yield f'<i class="{kind}" style="flex: {score[verdict]}"></i>'
    yield "</div>"
    key = ", ".join(f"{score[verdict]} {verdict.value}" for verdict in _KINDS)
    yield f'<p class="key">{escape(key)}; {report.started:%Y-%m-%d %H:%M UTC}</p>'
    yield "<table>\n<tr><th>Check</th><th>Verdict</th><th>Clause</th><th>What a conforming program does</th></tr>"
    yield from map(_row, report.outcomes)
    yield "</table>"
    yield (
        "<footer>Clauses are those of the VOEvent Transport Protocol 2.0 (IVOA Recommendation, 20 March 2017) as the "
        f"documentation of voevent-gateway counts them. Made by voevent-gateway {escape(__version__)}.</footer>"
    )
    yield "</body>\n</html>"


def _row(one: Outcome) -> str:
    seen = f'<p class="seen">{escape(one.seen)}</p>' if one.seen else ""
    return (
        f'<tr><td>{one.number}</td><td class="verdict {_KINDS[one.verdict]}">{one.verdict.value}</td>'
        f'<td class="clause">{escape(one.clause)}<br>{one.requirement}</td>'
        f"<td><p>{escape(one.sentence)}</p>{seen}</td></tr>"
    )
