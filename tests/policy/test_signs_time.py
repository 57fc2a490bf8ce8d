"""A broker judges what anybody sends: an event takes time in proportion to its length, whatever is in it.

Each text is so long that anything else than proportion is an hour, and a process has a minute.
"""

import subprocess
import sys

import pytest

TEXTS = {
    "tokens that begin in one another": "'-eyJ' * 2_000_000",
    "tokens that end in one": "'-eyJ' * 2_000_000 + '.eyJabcdefgh.'",
    "marks on one letter": r"'a' + '\u0301\u0323' * 2_000_000",
}
SIGNS = "from gateway.policy.events.signs import signs; signs({})"
NAMESPACES = """
from gateway.model.voevent import VOEvent
from gateway.policy.events.markup import markup
many = " ".join(f'xmlns:a{number}="u:{number}"' for number in range(20_000))
document = f"<VOEvent {many}>{'<x/>' * 100_000}</VOEvent>".encode()
assert len(markup(VOEvent("2.0", "", "test", original=document), ())) > 40_000
"""


@pytest.mark.parametrize("text", TEXTS)
def test_signs_take_time_in_proportion(text: str) -> None:
    subprocess.run([sys.executable, "-c", SIGNS.format(TEXTS[text])], check=True, timeout=60)


def test_namespaces_take_time_in_proportion() -> None:
    subprocess.run([sys.executable, "-c", NAMESPACES], check=True, timeout=60)
