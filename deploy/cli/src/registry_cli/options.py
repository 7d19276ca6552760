"""Options that several commands have."""

import getpass
from typing import Annotated

import typer


def _me() -> str:
    """Return whom logs and records name for what is done from this terminal."""
    try:
        return f"operator:{getpass.getuser()}"
    except (KeyError, OSError):  # a user without a name, as in some containers
        return "operator"


Json = Annotated[bool, typer.Option("--json", help="输出 JSON。 Print JSON.")]
Subject = Annotated[
    str, typer.Option(help="记录在案的操作人。 Who acts; logs name it.", default_factory=_me)
]
