"""The dashboard's front-end files from npm, pinned by integrity; without them it has no charts."""

from __future__ import annotations

import base64
import hashlib
import io
import shutil
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

from embedded import leash, wheels
from embedded.files import scratch, write_atomically
from embedded.runtime import Runtime


class FrontendFailed(Exception):
    """The files could not be had; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Package:
    """An npm package, and the files wanted of it: path inside → name."""

    spec: str
    integrity: str
    """SHA-512 of its tarball in base64, as npm writes it."""
    files: tuple[tuple[str, str], ...]


PACKAGES = (
    Package(
        "echarts@6.1.0",
        "q0yaFPggC9FUdsWH4blavRWFmxdrIodbkoKNAjJudAI6CA9gNPxHtV2RcZNEepZVlk4yvBYkOkbk6HIVpIyHZA==",
        (
            ("package/dist/echarts.min.js", "echarts.min.js"),
            ("package/LICENSE", "echarts.LICENSE"),
            ("package/NOTICE", "echarts.NOTICE"),
        ),
    ),
    Package(  # the last release that carried the map of China; Apache-2.0 like ECharts
        "echarts@4.9.0",
        "+ugizgtJ+KmsJyyDPxaw2Br5FqzuBnyOWwcxPKO6y0gc5caYcfnEUIlNStx02necw8jmKmTafmpHhGo4XDtEIA==",
        (("package/map/json/china.json", "china.json"),),
    ),
)
STAMP = hashlib.sha256(repr(PACKAGES).encode()).hexdigest()
"""Names the exact set of packages and files."""


def present(runtime: Runtime) -> bool:
    """Whether the pinned files are all there; the stamp is written last."""
    marker = runtime.frontend_dir / "stamp"
    return marker.exists() and marker.read_text() == STAMP


def provide(runtime: Runtime) -> None:
    """Fetch, check and unpack what is not there yet.

    Raises:
        FrontendFailed: there is no npm, or a package could not be had or is not the pinned one.
    """
    if present(runtime):
        return
    npm = find_npm(runtime.cache)
    with scratch(runtime.run_dir / "frontend") as place:
        for package in PACKAGES:
            tarball = checked(package, fetch(npm, package, place))
            for inside, name in package.files:
                write_atomically(runtime.frontend_dir / name, member(tarball, inside))
    write_atomically(runtime.frontend_dir / "stamp", STAMP)


def find_npm(cache: Path) -> list[str]:
    """The command of the machine's npm, else that of the Node.js wheel (about 60 MB, once).

    Raises:
        FrontendFailed: there is none, and the wheel could not be installed.
    """
    machine = shutil.which("npm")
    if machine and shutil.which("node"):
        return [machine]
    try:
        wheel = wheels.find(cache, "nodejs") or wheels.install(cache, "nodejs")
    except wheels.WheelMissing as error:
        raise FrontendFailed(
            f"找不到 npm：请安装 nodejs 和 npm，再次启动即可补上图表。\n"
            f"There is no npm: install the packages nodejs and npm; "
            f"the next start will add the charts.\n{error}"
        ) from error
    return [str(wheel / "bin" / "node"), str(wheel / "lib/node_modules/npm/bin/npm-cli.js")]


def fetch(npm: list[str], package: Package, place: Path) -> Path:
    """Download one tarball into `place` with npm, from the registry of npm's settings.

    Raises:
        FrontendFailed: npm failed; with the end of what it printed.
    """
    log = place / "npm.log"
    # Pinned by its content, so what npm keeps from an earlier time is as good as what it fetches.
    patience = ["--prefer-offline", "--fetch-retries=5", "--fetch-retry-mintimeout=1000"]
    command = [*npm, "pack", package.spec, *patience, "--pack-destination", str(place)]
    if leash.start(command, log=log, cwd=place).wait() != 0:
        raise FrontendFailed(
            f"npm 无法下载 {package.spec}：请检查网络；仪表板暂无图表，再次启动时重试。\n"
            f"npm could not fetch {package.spec}: check the network; the dashboard has no charts "
            f"until the next start tries again.\n{leash.tail(log)}"
        )
    return place / f"{package.spec.replace('@', '-')}.tgz"


def checked(package: Package, tarball: Path) -> bytes:
    """The tarball's content; FrontendFailed where its SHA-512 is not the pinned one."""
    content = tarball.read_bytes()
    found = base64.b64encode(hashlib.sha512(content).digest()).decode()
    if found != package.integrity:
        raise FrontendFailed(
            f"{package.spec} 的校验值不符（得到 sha512-{found}），未使用。请检查 npm 的来源设置。\n"
            f"{package.spec} differs from its pinned integrity (got sha512-{found}) and is not "
            "used: check where npm downloads from."
        )
    return content


def member(tarball: bytes, name: str) -> bytes:
    """The content of one file of a gzipped tarball; KeyError where there is none."""
    with tarfile.open(fileobj=io.BytesIO(tarball), mode="r:gz") as archive:
        file = archive.extractfile(name)
        if file is None:
            raise FrontendFailed(f"{name} is not in the archive")
        return file.read()


if __name__ == "__main__":
    try:
        provide(Runtime.from_environment())
    except FrontendFailed as failure:
        sys.exit(str(failure))
