"""Fuzzing guided by coverage of one decoder: ``python tests/fuzz/atheris_run.py NAME [options of libFuzzer]``."""

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2]))

with atheris.instrument_imports(include=["gateway"]):
    import decoders


def main() -> None:
    name = sys.argv.pop(1)
    _, seeds = decoders.TARGETS[name]

    def one(data: bytes) -> None:
        # The first byte chooses what the rest does to a seed, so that no corpus has to be kept in files.
        if not data:
            return
        seed, rest = seeds[data[0] % len(seeds)], data[1:]
        at = int.from_bytes(rest[:3], "big") % (len(seed) + 1)
        change = rest[3:]
        how = data[0] // len(seeds) % 4
        body = (
            rest,
            seed[:at] + change,
            seed[:at] + change + seed[at:],
            seed[:at] + change + seed[at + len(change) :],
        )
        decoders.run(name, body[how])

    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
