"""One frozen settings object, read from the environment at the door and passed down."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

from app.core.addresses import read_networks

PREFIX = "PDI_"


class BadSetting(ValueError):
    """An environment variable this program cannot use."""


ABOUT = {
    "data_dir": "folder of the embedded database and of the key file (data)",
    "database_url": "postgresql://… or sqlite:///…; empty: an SQLite file in the data folder",
    "key_file": "file of the master key, kept out of the database and its backups (DATA_DIR/master.key)",
    "public_url": "the address people type; with https:// cookies are Secure",
    "host": "address to listen on (127.0.0.1)",
    "port": "port to listen on (8000)",
    "trusted_proxies": "addresses of reverse proxies whose X-Forwarded-* headers are believed, by comma",
    "proxy_count": "reverse proxies in front; X-Forwarded-For is counted from its end where providers call (0: by trusted_proxies)",
    "pool_size": "PostgreSQL connections of one process (20)",
    "body_limit": "largest request body in bytes (65536)",
    "webhook_networks": "networks of your own that webhooks may go to, by comma, as 10.1.0.0/16 (none: https to public addresses only)",
}


@dataclass(frozen=True)
class Settings:
    """Every field is an environment variable: ``data_dir`` is ``PDI_DATA_DIR``. ``ABOUT`` tells what each is for."""

    data_dir: Path = Path("data")
    database_url: str = ""
    key_file: Path = Path()
    public_url: str = ""
    host: str = "127.0.0.1"
    port: int = 8000
    trusted_proxies: str = ""
    proxy_count: int = 0
    pool_size: int = 20
    body_limit: int = 64 * 1024
    webhook_networks: str = ""

    @classmethod
    def from_env(cls, environ: Mapping[str, str], **overrides: object) -> "Settings":
        """Read ``PDI_…`` variables; overrides (from command-line options) win when not None.

        Raises:
            BadSetting: a variable that is not of its type, or a database of no known kind.
        """
        known = {PREFIX + each.name.upper(): each for each in fields(cls)}
        values: dict[str, object] = {}
        for name, text in environ.items():
            if name in known and text != "":
                values[known[name].name] = _read(name, text, known[name].default)
        values.update({key: value for key, value in overrides.items() if value is not None})
        return replace(cls(), **values)._completed()  # type: ignore[arg-type]

    def _completed(self) -> "Settings":
        data_dir = Path(self.data_dir)
        url = self.database_url or f"sqlite:///{data_dir.absolute()}/pdi.sqlite3"
        if url.startswith("postgresql://"):
            url = url.replace("postgresql://", "postgresql+psycopg://", 1)
        if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise BadSetting("PDI_DATABASE_URL must begin with sqlite:/// or postgresql://")
        if self.proxy_count < 0:
            raise BadSetting(f"there are no or more reverse proxies, not {self.proxy_count}")
        if not 0 < self.port < 65536:
            raise BadSetting(f"a port is a number from 1 to 65535, not {self.port}")
        try:
            read_networks(self.webhook_networks)
        except ValueError as error:
            raise BadSetting(
                "PDI_WEBHOOK_NETWORKS must be networks by comma, as 10.1.0.0/16"
            ) from error
        key_file = self.key_file if self.key_file != Path() else data_dir / "master.key"
        return replace(self, data_dir=data_dir, database_url=url, key_file=Path(key_file))


def _read(name: str, text: str, default: object) -> object:
    try:
        return type(default)(text) if isinstance(default, int) else _path_or_text(text, default)
    except ValueError as error:
        raise BadSetting(f"{name} must be a whole number, not {text!r}") from error


def _path_or_text(text: str, default: object) -> object:
    return Path(text) if isinstance(default, Path) else text
