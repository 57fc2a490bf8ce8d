"""The configuration of `gateway run`: TOML that people write becomes frozen values, or a list of all its mistakes.

What this package is not: a place where anything is opened, connected to or read but the file itself. Secrets are
where the file says they are until somebody asks for them (`gateway.wiring` does).

    load        load: a file's values, checked
    values      paths, sizes and addresses as people write them, and what a secret is
    sources, sinks, routes, whole     the tables; docs/config.md is made of them
    checks      what no table can say of itself: names that lead nowhere, one sink for two audiences
    places      on which line a key is
    mistakes    what is wrong, in sentences
    reference   the tables as docs/config.md has them
    show        the values again as TOML, with everything that the file leaves to its defaults
    examples    the files in ``examples/``
"""

from gateway.config.load import load, loads
from gateway.config.mistakes import ConfigError
from gateway.config.whole import Config

__all__ = ["Config", "ConfigError", "load", "loads"]
