"""Independent judges: programs of others that tests ask for a second opinion. Not a part of the product.

A judge that is not installed is a reason to skip, and says so: `XERCES_MISSING` is None when Xerces is here.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

XERCES_MISSING = None if shutil.which("jing") else "Xerces is not here: apt-get install jing"

# Xerces fetches what xsi:schemaLocation names when it does not know the namespace: send it to a closed port.
_OFFLINE = " ".join(f"-D{way}.proxyHost=127.0.0.1 -D{way}.proxyPort=9" for way in ("http", "https", "ftp"))
# A run is over before the second compiler of Java pays.
_JAVA = f"-XX:TieredStopAtLevel=1 -XX:+UseSerialGC {_OFFLINE}"
_COMPLAINT = re.compile(r"(?P<file>.+?):\d+:\d+: (?:error|fatal): (?P<message>.*)")
_FILES_PER_RUN = 5000  # the length of a command line is limited


def xerces_validate(xsd: Path, files: list[Path]) -> dict[Path, list[str]]:
    """What Xerces says of each file under the schema: its complaints in order, no complaint for a valid file.

    One process judges thousands of files (it is `jing`, which hands W3C schemas to Xerces).
    Raises RuntimeError when Xerces is not here, when the schema does not load, or when a file cannot be read.
    """
    if XERCES_MISSING:
        raise RuntimeError(XERCES_MISSING)
    complaints: dict[str, list[str]] = {str(file.resolve()): [] for file in files}
    for start in range(0, len(files), _FILES_PER_RUN):
        names = [str(file.resolve()) for file in files[start : start + _FILES_PER_RUN]]
        run = subprocess.run(
            ["jing", str(xsd.resolve()), *names],
            env=os.environ | {"JAVA_TOOL_OPTIONS": _JAVA},
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        found = [match.groupdict() for match in map(_COMPLAINT.fullmatch, run.stdout.splitlines()) if match]
        for one in found:
            if one["file"] not in complaints:
                raise RuntimeError(f"Xerces could not use {xsd.name}: {one['message']}")
            complaints[one["file"]].append(one["message"])
        if run.returncode != (1 if found else 0):
            raise RuntimeError(f"jing ended with code {run.returncode}: {(run.stdout + run.stderr)[-500:]}")
    return {file: complaints[str(file.resolve())] for file in files}
