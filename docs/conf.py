"""Sphinx configuration: ``make docs`` builds it with warnings as errors."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from gateway import __version__

project = "voevent-gateway"
author = "The voevent-gateway developers"
copyright = "2026, The voevent-gateway developers"
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "reference"]
exclude_patterns = ["_build", "generated"]
myst_heading_anchors = 3
myst_enable_extensions = ["attrs_block"]
nitpicky = False

# `console` blocks are run by tests/test_docs.py; nothing on a page needs the network.
html_theme = "furo"
html_title = f"voevent-gateway {release}"
autodoc_typehints = "description"
autodoc_member_order = "bysource"
