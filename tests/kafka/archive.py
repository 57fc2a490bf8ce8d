"""Keep the classes of the broker as they are after a run, so that it starts in half the time: for `make laboratory`."""

from pathlib import Path
from tempfile import TemporaryDirectory

from kafka.broker import KafkaBroker
from kafka.programs import KAFKA, KAFKA_CLASSES, kafka_missing


def main() -> None:
    """Where there is no Kafka or the classes are those of its jars there is nothing to do."""
    if kafka_missing() or (KAFKA_CLASSES.exists() and _changed(KAFKA_CLASSES) > _changed(KAFKA)):
        return
    KAFKA_CLASSES.unlink(missing_ok=True)
    with TemporaryDirectory() as folder:
        broker = KafkaBroker(Path(folder), classes=(f"-XX:ArchiveClassesAtExit={KAFKA_CLASSES}",))
        broker.start()
        broker.stop()


def _changed(path: Path) -> int:
    return path.stat().st_mtime_ns


if __name__ == "__main__":
    main()
