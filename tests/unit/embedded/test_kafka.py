"""The broker's properties say the same to Java as to us, wherever the data is."""

import re
from pathlib import Path

import pytest

from embedded import kafka, preflight
from embedded.runtime import Runtime

MEANT = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


def read_as_java(content: bytes) -> dict[str, str]:
    """Read as java.util.Properties.load(InputStream) does, but for lines that are continued."""
    found = {}
    for line in content.decode("latin-1").splitlines():
        if (bare := line.lstrip(" \t\f")) and bare[0] not in "#!":
            split = re.fullmatch(r"((?:\\.|[^\\=: \t\f])*)[ \t\f]*[=:]?[ \t\f]*(.*)", bare)
            assert split
            found[unescaped(split[1])] = unescaped(split[2])
    return found


def unescaped(text: str) -> str:
    def meant(escape: re.Match[str]) -> str:
        if escape[1]:
            return chr(int(escape[1], 16))
        return MEANT.get(escape[2], escape[2])

    units = re.sub(r"\\(?:u([0-9a-fA-F]{4})|(.))", meant, text)
    return units.encode("utf-16", "surrogatepass").decode("utf-16")


@pytest.mark.parametrize(
    "name",
    ["plain-1.0_x", "红十字 数据", "é", "𠮷", "a\\b", "a:b=c#d!e", " two  spaces ", "{x}", "%s"],
)
def test_kafka_reads_the_directory_that_is_meant(tmp_path: Path, name: str) -> None:
    runtime = Runtime(var=tmp_path / name, port_base=9000)
    kafka.write_properties(runtime)
    read = read_as_java(kafka.properties(runtime).read_bytes())
    assert read["log.dirs"] == str(runtime.var / "kafka" / "data")
    assert read["listeners"] == "PLAINTEXT://127.0.0.1:9012,CONTROLLER://127.0.0.1:9013"
    assert read["log.retention.ms"] == "-1"


def test_the_preflight_refuses_a_comma_in_the_directory_of_kafka(tmp_path: Path) -> None:
    what = [problem.what for problem in preflight.broker(Runtime(var=tmp_path / "a,b"))]
    assert "comma" in what
    assert "comma" not in [problem.what for problem in preflight.broker(Runtime(var=tmp_path))]
