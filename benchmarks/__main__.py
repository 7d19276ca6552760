"""Runs the benchmarks and prints JSON lines; nothing is asserted of a time."""

import argparse
import logging
from collections.abc import Callable, Iterator

from benchmarks import bulk, freshness, registration, start, worker
from benchmarks.report import Line
from shared.base import log

BENCHMARKS: dict[str, Callable[..., Iterator[Line]]] = {
    "registration": registration.run,
    "bulk": bulk.run,
    "worker": worker.run,
    "freshness": freshness.run,
    "start": start.run,
}


def main() -> None:
    """Run what was asked for, everything by default."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(BENCHMARKS))
    parser.add_argument("--quick", action="store_true", help="shorter, less exact")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - BENCHMARKS.keys():
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    log.configure("benchmarks")
    logging.disable(logging.ERROR)  # standard output is for figures; what fails is raised
    for name in arguments.names or BENCHMARKS:
        for line in BENCHMARKS[name](quick=arguments.quick):
            line.write()


if __name__ == "__main__":
    main()
