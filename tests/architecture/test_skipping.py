"""A skipped test fails where ``CI=true``, however it is skipped; elsewhere it may be skipped."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WAYS_TO_SKIP = {
    "in_the_test": "import pytest\ndef test_it(): pytest.skip('reason')\n",
    "by_a_mark": "import pytest\n@pytest.mark.skip(reason='r')\ndef test_it(): pass\n",
    "by_a_condition": "import pytest\n@pytest.mark.skipif(True, reason='r')\ndef test_it(): pass\n",
    "as_a_module": "import pytest\npytest.importorskip('no_such_module')\n",
}
ENVIRONMENT = {
    "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "200",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
}  # fmt: skip
PASSING = {"passing": "def test_it(): pass\n"}


def run(folder: Path, sources: dict[str, str], ci: str) -> subprocess.CompletedProcess[str]:
    """Run pytest on a test file for each source, next to the plugin."""
    (folder / "conftest.py").write_text("pytest_plugins = ['tests.skipping']\n", encoding="utf-8")
    for name, source in sources.items():
        (folder / f"test_{name}.py").write_text(source, encoding="utf-8")
    hidden = ("FORCE_COLOR", "PY_COLORS", "PYTEST_ADDOPTS")
    plain = {key: value for key, value in os.environ.items() if key not in hidden}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-ra",
         "--continue-on-collection-errors"],
        cwd=folder,
        env={**plain, **ENVIRONMENT, "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def in_ci(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """Return how one run ends in CI that meets every way to skip."""
    return run(tmp_path_factory.mktemp("ci"), WAYS_TO_SKIP | PASSING, ci="true")


@pytest.mark.parametrize("way", WAYS_TO_SKIP)
def test_a_skipped_test_fails_in_ci(in_ci: subprocess.CompletedProcess[str], way: str) -> None:
    reported = [line for line in in_ci.stdout.splitlines() if f"test_{way}.py" in line]
    refused = [line for line in reported if "A test may not be skipped in CI" in line]
    assert [line.split(" ")[0] for line in refused] in (["FAILED"], ["ERROR"]), in_ci.stdout


def test_a_run_with_a_skipped_test_fails_in_ci(in_ci: subprocess.CompletedProcess[str]) -> None:
    assert in_ci.returncode == 1
    assert "1 failed, 1 passed, 3 errors" in in_ci.stdout


def test_a_skipped_test_is_allowed_outside_ci(tmp_path: Path) -> None:
    result = run(tmp_path, WAYS_TO_SKIP | PASSING, ci="")
    assert result.returncode == 0, result.stdout
    assert "1 passed, 4 skipped" in result.stdout
