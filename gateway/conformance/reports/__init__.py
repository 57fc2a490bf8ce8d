"""A report of conformance as text, JSON, JUnit and HTML: the same name `render` in each."""

from gateway.conformance.reports import html, json, junit, text

__all__ = ["FORMS"]

FORMS = {"text": text.render, "json": json.render, "junit": junit.render, "html": html.render}
