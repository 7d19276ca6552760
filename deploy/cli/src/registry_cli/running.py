"""The system the commands speak to: where it is, its HTTP, and programs run once beside it."""

import os
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registry_cli.problems import MISUSED, Problem, language

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from embedded.runtime import Runtime

TIMEOUT_SECONDS = 30.0
LARGEST_PORT_BASE = 65_000
SAID_LINES = 3
Json = dict[str, Any]


def find_runtime() -> "Runtime":
    """Return the system the environment names, by default that of this checkout."""
    from embedded.runtime import PORT_BASE, Runtime, WrongSetting, checkout, stored_port_base

    var = os.environ.get("REGISTRY_VAR") or str(checkout() / "var")
    try:
        runtime = Runtime.from_environment()
        stored_port_base(runtime.var)  # also where the environment names another one
        if not 0 < runtime.port_base <= LARGEST_PORT_BASE:
            raise WrongSetting(PORT_BASE, str(runtime.port_base))
    except WrongSetting as wrong:
        code = "port_base" if wrong.name == PORT_BASE else "mongo_cache"
        raise Problem(
            code, exit_code=MISUSED, value=wrong.value, path=f"{var}/ports.json"
        ) from wrong
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Problem("directory", exit_code=MISUSED, var=var, reason=reason) from error
    return runtime


def require_running(runtime: "Runtime", *services: str, program: str | None = None) -> None:
    """Refuse a command that needs the system while it is down.

    Args:
        runtime: the system.
        services: the services it needs, where HTTP is all: one that the environment names runs
            elsewhere, and answers for itself.
        program: the service of the compose file that does what needs a database.

    Raises:
        Problem: it is.
    """
    from embedded import state
    from embedded.processes import STACK

    if state.supervisor(runtime) is not None or (services and all(map(named_url, services))):
        return
    if program is not None and any(map(named_url, STACK)):
        raise Problem("elsewhere", program=program)
    raise Problem("not_running", var=runtime.var)


def named_url(service: str) -> str | None:
    """Return the address by which the environment names a service, if it does."""
    return os.environ.get(f"REGISTRY_{service.upper().replace('-', '_')}_URL") or None


def url(runtime: "Runtime", service: str) -> str:
    """Return the base address of one of the four services; the environment may name another."""
    from embedded.processes import HTTP_OFFSETS

    return named_url(service) or f"http://127.0.0.1:{runtime.port(HTTP_OFFSETS[service])}"


def open_client() -> "httpx.Client":
    """Return an HTTP client for this machine's own services: no proxy has a part in it."""
    import httpx

    return httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False)


@dataclass(frozen=True)
class Api:
    """One service as the bearer of a token sees it."""

    base: str
    token: str | None = None

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Json:
        """Return the JSON object of a GET."""
        return self._ask("GET", path, params=dict(params or {}))

    def post(self, path: str, body: Json) -> Json:
        """Return the JSON object of a POST."""
        return self._ask("POST", path, json=body)

    def items(self, path: str, params: Mapping[str, str]) -> list[Json]:
        """Return every item of a list, following its cursors."""
        found: list[Json] = []
        query = {**params, "limit": "200"}
        while True:
            page = self.get(path, query)
            found += page["items"]
            if not page.get("next_cursor"):
                return found
            query["cursor"] = str(page["next_cursor"])

    def _ask(self, method: str, path: str, **parts: Any) -> Json:
        import httpx

        headers = {"Accept-Language": "en" if language() == "en" else "zh-CN"}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        if method == "POST":
            headers["Idempotency-Key"] = uuid.uuid4().hex
        try:
            with open_client() as client:
                response = client.request(method, self.base + path, headers=headers, **parts)
        except httpx.TransportError as error:
            reason = str(error) or type(error).__name__
            raise Problem("unreachable", url=self.base, reason=reason) from error
        body = _read(response)
        if response.is_error:
            raise Problem("refused", status=response.status_code, detail=_detail(body))
        return body


def _read(response: "httpx.Response") -> Json:
    try:
        body = response.json()
    except ValueError as error:
        raise Problem("answer", url=response.request.url) from error
    if not isinstance(body, dict):
        raise Problem("answer", url=response.request.url)
    return body


def _detail(problem: Json) -> str:
    fields = [f"{e.get('field')}: {e.get('message')}" for e in problem.get("errors") or ()]
    return "；".join(fields) or str(problem.get("detail") or problem.get("title") or problem)


def run_once(
    runtime: "Runtime",
    module: Sequence[str],
    database: str,
    *,
    allowed: Sequence[int] = (0,),
    watched: bool = False,
) -> tuple[int, str]:
    """Run a program of a service beside the system and return its exit code and output.

    Args:
        runtime: the system it belongs to.
        module: the module and its arguments.
        database: the service whose environment it gets.
        allowed: exit codes that are answers.
        watched: whether what it writes to stderr is for the user to see.

    Raises:
        Problem: it failed.
    """
    from embedded import leash
    from embedded.processes import environment, python

    name = " ".join(module)
    log = runtime.log(module[0])
    log.parent.mkdir(parents=True, exist_ok=True)
    env = environment(runtime, f"cli-{database}", database=database)
    with log.open("ab") as notes:
        begin = notes.tell()
        ended = subprocess.run(
            python(*module),
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=None if watched else notes,
            preexec_fn=leash.die_with_parent(),
            check=False,
        )
    if ended.returncode not in allowed:
        said = _said_since(log, begin)
        raise Problem(
            "one_shot", exit_code=MISUSED, name=name, status=ended.returncode, said=said, log=log
        )
    return ended.returncode, ended.stdout.decode()


def _said_since(log: "Path", begin: int) -> str:
    with log.open("rb") as notes:
        notes.seek(begin)
        lines = notes.read().decode(errors="replace").split("\n")
    return " / ".join([line.strip() for line in lines if line.strip()][-SAID_LINES:])
