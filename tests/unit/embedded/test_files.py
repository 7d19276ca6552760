"""Files written whole, followed and rotated logs, and packages that are not the pinned ones."""

import base64
import hashlib
import io
import os
import tarfile
from pathlib import Path

import pytest

from embedded import frontend, kafka_libs
from embedded.files import write_atomically
from embedded.progress import LogTail


def test_a_file_a_killed_writer_left_is_no_hindrance_and_lends_no_mode(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    left = tmp_path / f".secret.{os.getpid()}"  # in a container the next process has the same pid
    left.write_text("half")
    left.chmod(0o444)
    write_atomically(secret, "whole", 0o400)
    assert secret.read_text() == "whole"
    assert secret.stat().st_mode & 0o777 == 0o400
    assert list(tmp_path.iterdir()) == [secret]


def test_the_tail_of_a_log_file_shows_only_whole_lines_and_each_once(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("before\n")
    tail = LogTail({"a": log, "none": tmp_path / "none.log"})
    with log.open("a") as file:
        file.write("one\ntw")
        file.flush()
        assert tail.lines() == [("a", "one")]
        file.write("o\n")
        file.flush()
        assert tail.lines() == [("a", "two")]
    assert tail.lines() == []


def test_a_large_log_file_is_rotated_under_its_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LogTail, "LARGEST", 10)
    log = tmp_path / "a.log"
    tail = LogTail({"a": log})
    with log.open("a") as writer:
        for text in ("a long first line", "second"):
            writer.write(f"{text}\n")
            writer.flush()
            assert tail.lines() == [("a", text)]
    assert (tmp_path / "a.log.1").read_text() == "a long first line\n"
    assert log.read_text() == "second\n"


def test_the_log_file_of_the_supervisor_is_bounded_and_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LogTail, "LARGEST", 10)
    own = tmp_path / "supervisor.log"
    tail = LogTail({}, own=own)
    assert tail.lines() == []
    with own.open("a") as writer:
        for text in ("a long first line", "second"):
            writer.write(f"{text}\n")
            writer.flush()
            assert tail.lines() == []
    assert (tmp_path / "supervisor.log.1").read_text() == "a long first line\n"
    assert own.read_text() == "second\n"


def test_a_tarball_of_the_dashboard_that_is_not_the_pinned_one_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        entry = tarfile.TarInfo("package/a.js")
        entry.size = 2
        archive.addfile(entry, io.BytesIO(b"ok"))
    tarball = tmp_path / "a-1.tgz"
    tarball.write_bytes(buffer.getvalue())
    right = base64.b64encode(hashlib.sha512(buffer.getvalue()).digest()).decode()
    package = frontend.Package("a@1", right, (("package/a.js", "a.js"),))
    assert frontend.member(frontend.checked(package, tarball), "package/a.js") == b"ok"
    wrong = frontend.Package("a@1", "AAAA", package.files)
    with pytest.raises(frontend.FrontendFailed, match="未使用"):
        frontend.checked(wrong, tarball)


def test_jars_of_the_kafka_broker_that_are_not_the_pinned_ones_are_named(tmp_path: Path) -> None:
    (tmp_path / "kafka-clients-4.3.0.jar").write_bytes(b"something else")
    (tmp_path / "intruder.jar").write_bytes(b"")
    wrong = kafka_libs.differences(tmp_path)
    assert {"kafka-clients-4.3.0.jar", "intruder.jar", "kafka_2.13-4.3.0.jar"} <= set(wrong)
