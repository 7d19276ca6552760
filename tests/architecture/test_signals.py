"""The tests hear Ctrl-C, and so does what they start, however they were started themselves."""

import signal

from tests.conftest import pytest_configure


def test_a_signal_ignored_by_the_starting_shell_is_heard_by_the_tests() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        pytest_configure()
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
