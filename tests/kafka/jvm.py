"""How Java runs the servers of the laboratory: small, and quick to start."""

from pathlib import Path

from kafka.programs import JAVA

SMALL = ("-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""Not the fastest when it has run for long."""


def java(classes: Path, *arguments: object, keep: bool = False) -> list[str]:
    """The command line of a Java program.

    classes : where its classes are as they were after another run, with which it starts in half the time; where they
        are not there or do not fit, it starts without
    keep : write them when it ends
    """
    archive = (
        (f"-XX:ArchiveClassesAtExit={classes}",)
        if keep
        else (f"-XX:SharedArchiveFile={classes}", "-Xshare:auto", "-Xlog:cds=off", "-Xlog:cds+dynamic=off")
    )
    return [str(argument) for argument in (JAVA, *SMALL, *archive, *arguments)]
