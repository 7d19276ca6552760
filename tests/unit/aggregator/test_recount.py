"""The exit code of a comparison: 1 says that figures differ, and nothing else says so."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from aggregator.recount import __main__ as recount
from aggregator.recount.rules import Report
from aggregator.recount.service import RecountFailed
from aggregator.recount.store import RECOUNTS, document
from shared.base.clock import now


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    token = tmp_path / "token"
    token.write_text("secret")
    monkeypatch.setenv("REGISTRY_MONGO_DATABASE", "aggregator")
    monkeypatch.setenv("REGISTRY_SERVICE_TOKEN_FILE", str(token))
    return token


class Log:
    """An event log that counts how often it was opened and closed."""

    def __init__(self) -> None:
        self.opened, self.closed = 0, 0

    def open(self, *_: object, **__: object) -> "Log":
        self.opened += 1
        return self

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    made = Log()
    monkeypatch.setattr(recount, "KafkaLog", made.open)
    return made


def code() -> object:
    with pytest.raises(SystemExit) as ended:
        recount.main()
    return ended.value.code


@pytest.mark.parametrize("equal", [True, False])
def test_the_exit_code_of_a_recount_shows_whether_the_figures_are_equal(
    monkeypatch: pytest.MonkeyPatch, log: Log, equal: bool
) -> None:
    stored: list[object] = []
    reports = SimpleNamespace(insert_one=stored.append)
    monkeypatch.setattr(recount, "connect", lambda _settings: {RECOUNTS: reports})
    report = Report(
        "one", now(), seconds=0, equal=equal, compared=1, open_dead_letters=0,
        counted_at={}, series={}, differing=0, differences=(),
    )  # fmt: skip
    monkeypatch.setattr(recount, "compare", lambda *_, **__: report)
    assert code() == (0 if equal else 1)
    assert stored == [document(report)]
    assert (log.opened, log.closed) == (1, 1)


def test_a_recount_without_its_token_does_not_judge_the_figures(
    environment: Path, log: Log, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.unlink()
    assert code() == 2
    assert "核对未完成 / recount not made: FileNotFoundError" in capsys.readouterr().err
    assert log.opened == 0


@pytest.mark.parametrize(
    ("name", "value"), [("REGISTRY_MONGO_DATABASE", None), ("REGISTRY_RECOUNT_SECONDS", "soon")]
)
def test_a_recount_without_settings_does_not_judge_the_figures(
    monkeypatch: pytest.MonkeyPatch, log: Log, name: str, value: str | None
) -> None:
    if value is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value)
    assert code() == 2
    assert log.opened == 0


def test_a_recount_closes_the_log_where_the_comparison_fails(
    monkeypatch: pytest.MonkeyPatch, log: Log
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RecountFailed("a register did not answer")

    monkeypatch.setattr(recount, "connect", lambda _settings: {})
    monkeypatch.setattr(recount, "compare", fail)
    assert code() == 2
    assert (log.opened, log.closed) == (1, 1)
