"""Files and folders that nobody but their owner may read, whatever the umask says (POSIX permissions).

Rules
1. A folder is made with mode 0700. One that is there already and that others may enter is refused, not changed: it may
   be anything, and who opened it had a reason.
2. A file has mode 0600 from the moment it exists. A symbolic link in its place is not followed.
3. A folder has a label: a text for whoever finds it, for whom its files are and under which policy they were kept. What
   has another label is not added to.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from gateway.errors import OutputError

__all__ = ["LABEL_FILE", "label", "opener", "private_folder", "write_private"]

LABEL_FILE = "LABEL.txt"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OWNER = stat.S_IRUSR | stat.S_IWUSR


def private_folder(path: Path) -> None:
    """Make a folder (rule 1). Raises OSError, and OutputError (output-open)."""
    path.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
    if path.stat().st_mode & _OTHERS:
        raise OutputError("output-open", f"Others than its owner may use the folder {path}.")


def opener(path: str, flags: int) -> int:
    """Opens a file for its owner alone (rule 2): the `opener` of `open`."""
    descriptor = os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, _OWNER)
    os.fchmod(descriptor, _OWNER)
    return descriptor


def write_private(path: Path, data: bytes) -> None:
    """Write a file, which appears under its name when it is complete. Raises OSError."""
    part = path.with_name(f".{path.name}.part")
    with open(part, "wb", opener=opener) as file:
        file.write(data)
    part.replace(path)


def label(folder: Path, text: str) -> None:
    """Label a folder (rule 3). Raises OSError, and OutputError (output-label) when it has another label."""
    path = folder / LABEL_FILE
    if not path.exists():
        write_private(path, text.encode())
    elif path.read_bytes() != text.encode():
        raise OutputError("output-label", f"The folder {folder} is labelled for something else.")
