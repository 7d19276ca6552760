"""``--once-more``: what passes alone the second time is named FLAKY; what fails twice has failed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHANCE = """
from pathlib import Path
def test_{name}():
    met = Path(__file__).with_name("{name}.met")
    first, _ = not met.exists(), met.touch()
    assert not first, "the draw was bad"
"""
PLUGINS = ("-p", "pytest_randomly", "-p", "xdist", "-p", "no:cacheprovider")
ENVIRONMENT = {"PYTHONPATH": str(ROOT), "NO_COLOR": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
FAILS = "\ndef test_{name}():\n    assert False, 'a defect'\n"


def run(folder: Path, source: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run tests next to the plugin; their random order has a seed."""
    (folder / "conftest.py").write_text("pytest_plugins = ['tests.flaky']\n", encoding="utf-8")
    (folder / "test_planted.py").write_text(source, encoding="utf-8")
    hidden = ("CI", "FORCE_COLOR", "PY_COLORS", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER")
    plain = {key: value for key, value in os.environ.items() if key not in hidden}
    return subprocess.run(
        [sys.executable, "-m", "pytest", *PLUGINS, "--randomly-seed=7", *options],
        cwd=folder,
        env={**plain, **ENVIRONMENT},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_flaky_test_is_named_last_and_the_run_passes(tmp_path: Path, workers: str) -> None:
    source = CHANCE.format(name="chance") + "\ndef test_right(): pass\n"
    ended = run(tmp_path, source, "--once-more", "-n", workers)
    assert ended.returncode == 0, ended.stdout
    assert "1 failed, 1 passed" in ended.stdout
    name = "test_planted.py::test_chance"
    reported = ended.stdout.rsplit(f"FLAKY {name} (seed 7)", 1)[1]
    assert "the draw was bad" in reported
    assert ended.stdout.splitlines()[-1].startswith(f"FLAKY, to be mended first: {name} ")
    kept = (tmp_path / "var/flaky.txt").read_text(encoding="utf-8")
    assert f"FLAKY {name} (seed 7)" in kept
    assert "the draw was bad" in kept


def test_a_defect_next_to_a_flaky_test_still_fails_the_run(tmp_path: Path) -> None:
    source = CHANCE.format(name="chance") + FAILS.format(name="defect")
    ended = run(tmp_path, source, "--once-more")
    assert ended.returncode == 1, ended.stdout
    assert "FLAKY test_planted.py::test_chance" in ended.stdout
    assert "FLAKY test_planted.py::test_defect" not in ended.stdout


def test_many_failures_in_a_run_are_no_flaky_tests(tmp_path: Path) -> None:
    source = "".join(CHANCE.format(name=f"chance_{number}") for number in range(4))
    ended = run(tmp_path, source, "--once-more")
    assert ended.returncode == 1, ended.stdout
    assert "FLAKY" not in ended.stdout
    assert not (tmp_path / "var").exists()


def test_a_flaky_test_is_not_run_twice_unless_asked_for(tmp_path: Path) -> None:
    ended = run(tmp_path, CHANCE.format(name="chance"))
    assert ended.returncode == 1, ended.stdout
    assert "FLAKY" not in ended.stdout


def test_only_ci_asks_for_a_second_run_of_flaky_tests() -> None:
    asked = [
        name
        for name in (".ci/run", "Makefile", "pyproject.toml", ".pre-commit-config.yaml")
        if "--once-more" in (ROOT / name).read_text(encoding="utf-8")
    ]
    assert asked == [".ci/run"]
