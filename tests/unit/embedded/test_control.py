"""Starting as a whole: what is looked at before the directory is bound, and a start broken off."""

import signal
from pathlib import Path

import psutil
import pytest

from embedded import control, preflight, state
from embedded.runtime import Runtime
from tests.waiting import until

BUSY = preflight.Problem("port 9011", "端口 9011 已被占用。", "Port 9011 is in use.")


def test_a_busy_port_binds_no_directory_to_its_port_base(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "check", lambda *_: [BUSY])
    with pytest.raises(control.PreflightFailed, match="9011"):
        control.up(Runtime(var=tmp_path, port_base=9000))
    monkeypatch.setattr(preflight, "check", lambda *_: [])
    started: list[Runtime] = []
    monkeypatch.setattr(control, "supervise", lambda runtime, *_: started.append(runtime))
    control.up(Runtime(var=tmp_path, port_base=9100))
    assert [runtime.port_base for runtime in started] == [9100]


def test_another_port_base_than_the_stored_one_is_refused_before_the_preflight(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Runtime(var=tmp_path, port_base=9000).claim()
    monkeypatch.setattr(preflight, "check", lambda *_: pytest.fail("looked"))
    with pytest.raises(control.PortBaseMismatch, match="REGISTRY_PORT_BASE=9000"):
        control.up(Runtime(var=tmp_path, port_base=9100))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_start_broken_off_takes_the_supervisor_down_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    before = signal.getsignal(signal.SIGTERM)
    runtime = Runtime(var=tmp_path, port_base=9000)
    pids: list[int | None] = []

    def interrupted(_: Runtime) -> None:
        until(lambda: state.supervisor(runtime) is not None, "a supervisor")
        pids.append(state.supervisor(runtime))
        signal.raise_signal(number)

    monkeypatch.setattr(state, "read", interrupted)
    monkeypatch.setenv("REGISTRY_KAFKA_BOOTSTRAP", "kafka:9092")  # nothing is recorded afterwards
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        control.start_detached(runtime, None, ["no-such-process"])
    assert signal.getsignal(signal.SIGTERM) == before
    assert state.supervisor(runtime) is None
    assert [pid for pid in pids if pid and psutil.pid_exists(pid)] == []
