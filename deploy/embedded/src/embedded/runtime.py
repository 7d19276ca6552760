"""Where the embedded system lives: its directory, its ports and the servers it may borrow."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from embedded.files import write_atomically

PORT_BASE = "REGISTRY_PORT_BASE"
DEFAULT_PORT_BASE = 8000
MONGO_CACHE_GB = (0.25, 10_000.0)
"""The least and the most that mongod takes."""


class WrongSetting(ValueError):
    """A variable of the environment, or the stored port base, whose value is none."""

    def __init__(self, name: str, value: str) -> None:
        super().__init__(f"{name}={value}")
        self.name = name
        self.value = value


class PortBaseMismatch(Exception):
    """A directory that was made for other ports: a replica set stores its own port."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """One embedded system: what it writes is under `var`, its ports are offsets of `port_base`."""

    var: Path
    port_base: int = DEFAULT_PORT_BASE
    cache: Path = Path()
    """Downloads that several systems share: Kafka's jars and their start-up archive."""
    borrowed_mongo_uri: str | None = None
    """An existing replica set to use instead of a mongod of its own."""
    borrowed_kafka_bootstrap: str | None = None
    """Existing brokers to use instead of one of its own, `host:port` with commas between."""
    mongo_cache_gb: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "var", self.var.resolve())
        cache = self.cache if self.cache != Path() else self.var / "cache"
        object.__setattr__(self, "cache", cache.resolve())

    @classmethod
    def from_environment(cls, var: Path | None = None, port_base: int | None = None) -> Runtime:
        """The system that the variables REGISTRY_* describe; an argument outweighs its variable.

        Without a port base the one stored in `var` holds, so that `registry status` finds a system
        by its directory.

        Raises:
            WrongSetting: the port base or the cache of mongod is none.
        """
        env = os.environ
        where = (var or Path(env.get("REGISTRY_VAR") or checkout() / "var")).resolve()
        asked = port_base if port_base is not None else env.get(PORT_BASE)
        base = port_base_of(asked) if asked else stored_port_base(where) or DEFAULT_PORT_BASE
        return cls(
            var=where,
            port_base=base,
            cache=Path(env.get("REGISTRY_CACHE") or checkout() / "var" / "cache"),
            borrowed_mongo_uri=env.get("REGISTRY_MONGO_URI") or None,
            borrowed_kafka_bootstrap=env.get("REGISTRY_KAFKA_BOOTSTRAP") or None,
            mongo_cache_gb=cache_gb_of(env.get("REGISTRY_MONGO_CACHE_GB") or "1"),
        )

    def claim(self) -> None:
        """Bind the directory to its ports on first use; fails as `refuse_another_base`."""
        if self.refuse_another_base() is None:
            write_atomically(self.var / "ports.json", json.dumps({"port_base": self.port_base}))

    def refuse_another_base(self) -> int | None:
        """Return the base the directory is bound to, None where it is not yet.

        Raises:
            PortBaseMismatch: it is another one than ours.
            WrongSetting: the stored one is none.
        """
        stored = stored_port_base(self.var)
        if stored is not None and stored != self.port_base:
            raise PortBaseMismatch(
                f"{self.var} 的端口基数是 {stored}，不能用 {self.port_base} 启动。"
                f"请设置 REGISTRY_PORT_BASE={stored}，或用 REGISTRY_VAR 指定另一个目录。\n"
                f"{self.var} was made for port base {stored} and cannot start with "
                f"{self.port_base}: set REGISTRY_PORT_BASE={stored}, or another directory with "
                "REGISTRY_VAR."
            )
        return stored

    def port(self, offset: int) -> int:
        """The port at a fixed offset (processes.py has those of our processes)."""
        return self.port_base + offset

    @property
    def issuer_port(self) -> int:
        return self.port(5)

    @property
    def mongo_port(self) -> int:
        """Our own mongod; part of its replica set for ever."""
        return self.port(11)

    @property
    def broker_port(self) -> int:
        """Our own Kafka's, for its clients."""
        return self.port(12)

    @property
    def controller_port(self) -> int:
        """Our own Kafka's, which it uses itself."""
        return self.port(13)

    @property
    def mongo_uri(self) -> str:
        """The borrowed replica set, else our own."""
        return self.borrowed_mongo_uri or f"mongodb://127.0.0.1:{self.mongo_port}/?replicaSet=rs0"

    @property
    def kafka_bootstrap(self) -> str:
        """The borrowed brokers, else our own."""
        return self.borrowed_kafka_bootstrap or f"127.0.0.1:{self.broker_port}"

    @property
    def issuer_url(self) -> str:
        """The issuer's name in tokens: where others reach it, in a container not on loopback."""
        return os.environ.get("REGISTRY_OIDC_ISSUER") or f"http://127.0.0.1:{self.issuer_port}"

    @property
    def audience(self) -> str:
        """Whom tokens are meant for: what the services ask of them."""
        return os.environ.get("REGISTRY_OIDC_AUDIENCE") or "registry"

    def environment(self) -> dict[str, str]:
        """What makes `from_environment` give this runtime again, in a child process."""
        return {
            "REGISTRY_VAR": str(self.var),
            "REGISTRY_PORT_BASE": str(self.port_base),
            "REGISTRY_CACHE": str(self.cache),
            "REGISTRY_MONGO_CACHE_GB": str(self.mongo_cache_gb),
        }

    def log(self, name: str) -> Path:
        """Where the process of this name writes; it need not exist yet."""
        return self.var / "log" / f"{name}.log"

    @property
    def run_dir(self) -> Path:
        """Of use to a running system only: its lock, its state, its scratch space."""
        return self.var / "run"

    @property
    def issuer_key(self) -> Path:
        """The private key that signs tokens, in PEM."""
        return self.var / "issuer" / "es256.pem"

    @property
    def service_token(self) -> Path:
        """The token by which our processes call one another."""
        return self.var / "issuer" / "service.token"

    @property
    def keyring(self) -> Path:
        """The keys for personal data; whoever loses them loses the data."""
        return self.var / "keys" / "keyring.json"

    @property
    def frontend_dir(self) -> Path:
        """The dashboard's front-end files from npm."""
        return self.var / "frontend"


def stored_port_base(var: Path) -> int | None:
    """The port base that `var` is bound to, or None; WrongSetting where what is stored is none."""
    try:
        text = (var / "ports.json").read_text()
    except FileNotFoundError:
        return None
    try:
        return int(json.loads(text)["port_base"])
    except (ValueError, KeyError, TypeError):
        raise WrongSetting(PORT_BASE, text[:40]) from None


def port_base_of(value: str | int) -> int:
    """The port base that a setting names; WrongSetting where it is no whole number."""
    try:
        return int(value)
    except ValueError:
        raise WrongSetting(PORT_BASE, str(value)) from None


def cache_gb_of(value: str) -> float:
    """The cache in GB that a setting names; WrongSetting where it is not within MONGO_CACHE_GB."""
    least, most = MONGO_CACHE_GB
    try:
        size = float(value)
    except ValueError:
        size = 0.0
    if not least <= size <= most:
        raise WrongSetting("REGISTRY_MONGO_CACHE_GB", value)
    return size


def checkout() -> Path:
    """The root of the source tree this package is installed from, else the current directory."""
    root = Path(__file__).resolve().parents[4]
    return root if (root / "deploy" / "embedded").is_dir() else Path.cwd()
