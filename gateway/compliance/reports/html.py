"""The report as one HTML file, for somebody who signs it: no script, nothing from elsewhere, everything escaped."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from gateway import __version__
from gateway.compliance.report import Report, TargetReport, count
from gateway.compliance.reports.groups import Group, groups
from gateway.compliance.surface import printable

__all__ = ["render"]

_WORDS = {
    "pass": "passes",
    "redact": "to be left out",
    "refuse": "must not go out",
    "quarantine": "to be looked at",
}

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --dim: #5b6675; --line: #d8dee6; --paper: #fff; --soft: #f5f7fa;
  --pass: #157347; --redact: #9a6700; --refuse: #b42318; --quarantine: #7a2fa0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --dim: #9aa6b5; --line: #344050; --paper: #161b22;
  --soft: #1e2530; --pass: #4cc38a; --redact: #e0b050; --refuse: #ff7b6b; --quarantine: #c792ea; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 2rem 1.5rem 4rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.1rem; font-weight: 600; color: var(--dim); margin: 0 0 .5rem; }
h2 { font-size: 1.15rem; margin: 2.5rem 0 .5rem; overflow-wrap: anywhere; }
h2 small { font-weight: 400; color: var(--dim); font-size: .9rem; margin-left: .5rem; }
.conclusion { border-left: .5rem solid; padding: .75rem 1.25rem; background: var(--soft); font-size: 1.5rem;
  font-weight: 600; line-height: 1.3; }
.pass { color: var(--pass); } .redact { color: var(--redact); } .refuse, .error { color: var(--refuse); }
.quarantine { color: var(--quarantine); }
.conclusion b { color: var(--ink); font-weight: 600; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.25rem; margin: 1.25rem 0 0;
  font-size: .9rem; }
dt { color: var(--dim); } dd { margin: 0; overflow-wrap: anywhere; }
code { font: .875em ui-monospace, monospace; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; margin-top: .75rem; }
th, td { text-align: left; vertical-align: top; padding: .5rem .75rem .5rem 0; border-top: 1px solid var(--line); }
th { color: var(--dim); font-weight: 500; border-top: 0; white-space: nowrap; }
td:first-child { font-weight: 600; white-space: nowrap; width: 10rem; }
td.why { width: 45%; } td p { margin: 0 0 .25rem; } td p.do { font-weight: 600; }
td p.by { color: var(--dim); font-size: .85rem; }
summary { cursor: pointer; color: var(--dim); font-size: .9rem; padding: .5rem 0; }
details > code { display: inline-block; margin: 0 .75rem .1rem 0; }
td summary { padding: 0; }
.index td { padding: .3rem .75rem .3rem 0; } a { color: inherit; }
footer { margin-top: 3rem; color: var(--dim); font-size: .85rem; }
@media print { details > * { display: block; } body { max-width: none; padding: 0; } }
"""


def render(report: Report) -> str:
    """The document."""
    return "\n".join(_document(report)) + "\n"


def _document(report: Report) -> Iterator[str]:
    kind = "error" if report.exit_code == 2 else report.effect
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    yield f"<title>Policy check: {_text(report.conclusion)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>"
    yield "<h1>Policy check</h1>"
    yield f'<p class="conclusion {kind}"><b>{_text(report.conclusion)}</b></p>'
    yield "<dl>"
    for name, value in (
        ("Audience", _text(str(report.audience))),
        ("Judged as of", _text(report.at.strftime("%Y-%m-%d %H:%M UTC"))),
        ("Profile", f"{_text(report.title)} (<code>{_text(report.profile)}</code>)"),
        ("SHA-256 of the profile", _code(report.profile_sha256)),
        (
            "SHA-256 of the manifest",
            _code(report.manifest_sha256) if report.manifest_sha256 else "no manifest",
        ),
        ("Verdicts", _text(", ".join(f"{number} {name}" for name, number in report.tally.items()))),
    ):
        yield f"<dt>{name}</dt><dd>{value}</dd>"
    yield "</dl>"
    if len(report.targets) > 1:
        yield from _index(report)
    for number, target in enumerate(report.targets, 1):
        yield from _target(target, number)
    yield f"<footer>voevent-gateway {_text(__version__)}. No value of the files is in this report.</footer>"
    yield "</body>\n</html>"


def _index(report: Report) -> Iterator[str]:
    yield '<table class="index"><tr><th>Verdict</th><th>File</th><th>Read as</th></tr>'
    for number, target in enumerate(report.targets, 1):
        kind, word = ("error", "cannot be read") if target.error else (target.effect, _WORDS[target.effect])
        yield (
            f'<tr><td class="{kind}">{word}</td><td><a href="#t{number}">{_text(target.name)}</a></td>'
            f"<td>{_text(target.format)}</td></tr>"
        )
    yield "</table>"


def _target(target: TargetReport, number: int) -> Iterator[str]:
    about = [target.format, count(target.packets, "packet") if target.packets else ""]
    yield f'<h2 id="t{number}">{_text(target.name)}<small>{_text(", ".join(filter(None, about)))}</small></h2>'
    if target.schemas:
        yield "<dl>"
        for name, sha256 in target.schemas:
            yield f"<dt>Schema {_text(name)}</dt><dd>{_code(sha256)}</dd>"
        yield "</dl>"
    if target.error is not None:
        yield f'<p class="error"><b>Cannot be read.</b> {_text(str(target.error))} {_text(target.error.advice)}</p>'
    found = groups(target.verdicts)
    held = [group for group in found if not group.verdict.decision.passes]
    if held:
        yield "<table><tr><th>Verdict</th><th>Field</th><th>Declared as</th><th>Why, and what to change</th></tr>"
        for group in held:
            yield _row(group)
        yield "</table>"
    for group in found:
        if group.verdict.decision.passes:
            yield _passing(group)


def _row(group: Group) -> str:
    verdict, decision = group.verdict, group.verdict.decision
    return (
        f'<tr><td class="{decision.effect}">{_WORDS[decision.effect]}</td>'
        f"<td>{_names(group)}</td><td>{_text(verdict.origin)}</td>"
        f'<td class="why"><p>{_text(decision.reason)}</p><p class="do">{_text(group.advice)}</p>'
        f'<p class="by">Clause {_text(decision.clause)}, rule <code>{_text(decision.rule)}</code>, '
        f"{_text(verdict.certainty)}</p></td></tr>"
    )


def _names(group: Group) -> str:
    names = [_code(name) for name in group.names]
    if len(names) <= 8:
        return "<br>".join(names)
    return f"<details><summary>{len(names)} fields: {names[0]} …</summary>{' '.join(names)}</details>"


def _passing(group: Group) -> str:
    verdict, decision = group.verdict, group.verdict.decision
    about = (
        f'<span class="pass">{count(len(group.names), "field")} pass</span> as {_text(verdict.origin)} '
        f"({_text(verdict.kind)}): {_text(decision.reason)} "
        f"Clause {_text(decision.clause)}, rule {_code(decision.rule)}, {_text(verdict.certainty)}."
    )
    return f"<details><summary>{about}</summary>{' '.join(map(_code, group.names))}</details>"


def _code(text: str) -> str:
    return f"<code>{_text(text)}</code>"


def _text(text: str) -> str:
    return escape(printable(text))
