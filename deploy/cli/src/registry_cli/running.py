"""The system the commands use: where it is, and programs that run once."""

import os
import subprocess
from collections.abc import Sequence

from embedded import leash, processes, state
from embedded.runtime import PORT_BASE, Runtime, WrongSetting, checkout, stored_port_base
from registry_cli.problems import Misuse, Problem

LARGEST_PORT_BASE = 65_000
SAID_LINES = 3


def find_runtime() -> Runtime:
    """Return the system the environment names, by default that of this checkout."""
    var = os.environ.get("REGISTRY_VAR") or str(checkout() / "var")
    try:
        runtime = Runtime.from_environment()
        stored_port_base(runtime.var)  # also where the environment names another one
        if not 0 < runtime.port_base <= LARGEST_PORT_BASE:
            raise WrongSetting(PORT_BASE, str(runtime.port_base))
    except WrongSetting as wrong:
        code = "port_base" if wrong.name == PORT_BASE else "mongo_cache"
        raise Misuse(code, value=wrong.value, path=f"{var}/ports.json") from wrong
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Misuse("directory", var=var, reason=reason) from error
    return runtime


def require_running(runtime: Runtime, *services: str, program: str | None = None) -> None:
    """Refuse a command that needs the system while it is down.

    Args:
        runtime: the system.
        services: the services it needs, where HTTP is all: one that the environment names runs
            elsewhere, and answers for itself.
        program: the service of the compose file that does what needs a database.
    """
    if state.supervisor(runtime) is not None or (services and all(map(named_url, services))):
        return
    if program is not None and any(map(named_url, processes.STACK)):
        raise Problem("elsewhere", program=program)
    raise Problem("not_running", var=runtime.var)


def named_url(service: str) -> str | None:
    """Return the address by which the environment names a service, if it does."""
    name = f"REGISTRY_{service.upper().replace('-', '_')}_URL"
    return os.environ.get(name, "").rstrip("/") or None


def url(runtime: Runtime, service: str) -> str:
    """Return the base address of one of the four services; the environment may name another."""
    return named_url(service) or f"http://127.0.0.1:{runtime.port(processes.HTTP_OFFSETS[service])}"


def run_once(
    runtime: Runtime,
    module: Sequence[str],
    database: str,
    *,
    allowed: Sequence[int] = (0,),
    watched: bool = False,
) -> tuple[int, str]:
    """Run a program of a service once and return its exit code and output.

    Args:
        runtime: the system it belongs to.
        module: the module and its arguments.
        database: the service whose environment it gets.
        allowed: exit codes that are answers.
        watched: whether what it writes to stderr is for the user to see.
    """
    name = " ".join(module)
    log = runtime.log(module[0])
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as notes:
        begin = notes.tell()
        ended = subprocess.run(
            processes.python(*module),
            env=processes.environment(runtime, f"cli-{database}", database=database),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=None if watched else notes,
            preexec_fn=leash.die_with_parent(),
            check=False,
        )
    if ended.returncode not in allowed:
        written = log.read_bytes()[begin:].decode(errors="replace").split("\n")
        said = " / ".join([line.strip() for line in written if line.strip()][-SAID_LINES:])
        raise Misuse("one_shot", name=name, status=ended.returncode, said=said, log=log)
    return ended.returncode, ended.stdout.decode()
