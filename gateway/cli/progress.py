"""A progress bar on standard error for long work, on terminals only, and results that do not get in its way."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sized
from types import TracebackType
from typing import TypeVar

import click
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

__all__ = ["Progress", "track"]

T = TypeVar("T")


class Progress:
    """Counts items; use it as a context manager.

    what : the items' name in the plural
    total : how many there will be, if known
    """

    def __init__(self, what: str, total: int | None = None) -> None:
        self.what, self.count, self.bytes = what, 0, 0
        self._start = time.monotonic()
        console = Console(stderr=True)
        self._bar: Bar | None = None
        if console.is_terminal:
            amount = [BarColumn(), MofNCompleteColumn()] if total else [SpinnerColumn()]
            self._bar = Bar(
                *amount,
                TextColumn("{task.description}"),
                TimeElapsedColumn(),
                console=console,
                transient=True,
                # Results keep their own way: rich would send all that is printed to standard error.
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._task = self._bar.add_task(what, total=total)

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._start

    def advance(self, size: int = 0) -> None:
        """One item of so many bytes is done."""
        self.count += 1
        self.bytes += size
        if self._bar is not None:
            rate = self.count / max(self.seconds, 1e-3)
            self._bar.update(self._task, advance=1, description=f"{self.count} {self.what}, {rate:.0f}/s")

    def say(self, text: str) -> None:
        """A line on standard error, above the bar."""
        if self._bar is not None:
            self._bar.console.print(text, highlight=False, markup=False, soft_wrap=True)
        else:
            click.echo(text, err=True)

    def show(self, result: RenderableType | bytes) -> None:
        """A result on standard output, or above the bar when both are on the terminal. Bytes are text as it is."""
        bar = self._bar.console if self._bar is not None and sys.stdout.isatty() else None
        if not isinstance(result, bytes):
            (bar or Console()).print(result, soft_wrap=isinstance(result, str))
        elif bar is not None:
            bar.out(result.decode(), highlight=False, end="")
        else:
            click.echo(result, nl=False)

    def __enter__(self) -> Progress:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()


def track(what: str, items: Iterable[T]) -> Iterator[T]:
    """The items, with a bar that moves when the next one is asked for."""
    with Progress(what, len(items) if isinstance(items, Sized) else None) as progress:
        for item in items:
            yield item
            progress.advance()
