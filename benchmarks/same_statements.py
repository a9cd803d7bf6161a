"""The statements of one redemption, as the program issues them, as a script for ``pgbench``.

They are recorded while the program redeems a coupon, not written down here, so the limit they set moves with it.
What is a coupon's or a person's own is replaced by expressions over the number of a transaction.
"""

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import event, make_url, select, text

from app.core.clock import utc_now
from app.core.codes import Code
from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.coupons.models import Coupon
from app.domain.coupons.queries import code_digest
from app.domain.intake.models import Redemption
from tests.factories import client

NUMBER = "\\set i :i + 1\n\\set n :client_id * 100000 + :i\n"


def write(database: Database, keyring: Keyring, key: str, scan: dict[str, str]) -> str:
    """Redeem one coupon, and give what went to the database in between as a script."""
    recorded: list[tuple[str, Any]] = []

    def begin(_connection: Any) -> None:
        recorded.append(("BEGIN", {}))

    def execute(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        recorded.append((statement, parameters))

    def end(_connection: Any) -> None:
        recorded.append(("COMMIT", {}))

    def turn_back(_connection: Any) -> None:
        recorded.append(("ROLLBACK", {}))

    listeners = (
        ("begin", begin),
        ("before_cursor_execute", execute),
        ("commit", end),
        ("rollback", turn_back),
    )
    with client(database, keyring, now=utc_now, key=key) as http:
        for name, listener in listeners:
            event.listen(database.engine, name, listener)
        answer = http.post("/api/v1/redemptions", json=scan)
        for name, listener in listeners:
            event.remove(database.engine, name, listener)
    assert answer.status_code == 201, answer.text
    with database.snapshot() as session:
        redemption = session.get_one(Redemption, UUID(scan["id"]))
    known = {
        redemption.id: "md5('r' || :n)::uuid",
        redemption.participant_id: "md5('p' || :n)::uuid",
        redemption.coupon_id: "(SELECT id FROM bench_coupon WHERE n = :n)",
        code_digest(keyring, Code(scan["code"])): "(SELECT code FROM bench_coupon WHERE n = :n)",
    }
    lines = [_filled(statement, parameters, known) for statement, parameters in recorded]
    return NUMBER + "\n".join(f"{line};" for line in lines) + "\n"


def number_coupons(database: Database, keyring: Keyring, codes: list[str]) -> None:
    """Let the script find coupons by client and turn, sixteen clients taking equal shares."""
    digests = {code_digest(keyring, Code(code)): number for number, code in enumerate(codes)}
    each = len(codes) // 16
    with database.transaction() as session:
        session.execute(text("CREATE TABLE bench_coupon (n int PRIMARY KEY, id uuid, code bytea)"))
        for row in session.execute(select(Coupon.id, Coupon.code_digest)):
            number = digests.get(row.code_digest)
            if number is not None:
                n = (number // each) * 100_000 + number % each + 1
                session.execute(
                    text("INSERT INTO bench_coupon VALUES (:n, :id, :code)"),
                    {"n": n, "id": row.id, "code": row.code_digest},
                )


def run(url: str, script: str, *, clients: int, each: int) -> float:
    """Transactions a second."""
    place = make_url(url)
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        said = subprocess.run(
            [
                *(_binary(), "--no-vacuum", "--protocol=prepared", f"--file={file.name}"),
                *(f"--client={clients}", "--jobs=2", f"--transactions={each}", "--define=i=0"),
                *("--host", str(place.query["host"]), "--username", place.username or "postgres"),
                place.database or "",
            ],
            capture_output=True,
            text=True,
            check=False,
        )
    found = re.search(r"^tps = ([0-9.]+)", said.stdout, re.MULTILINE)
    if said.returncode or not found or f"processed: {clients * each}/" not in said.stdout:
        raise RuntimeError(f"pgbench did not run through:\n{said.stdout}{said.stderr}\n{script}")
    return float(found[1])


def _filled(statement: str, parameters: Any, known: dict[Any, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1]
        given = parameters[name]
        given = getattr(given, "obj", given)  # out of psycopg's wrappers
        if isinstance(given, (UUID, bytes)) and given in known:
            return known[given]
        if name == "cause_digest":
            return "sha256(('c' || :n)::bytea)"
        if name == "id":
            return "gen_random_uuid()"
        return _literal(given)

    return re.sub(r"%\((\w+)\)s", value, " ".join(statement.split()))


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool | int):
        return str(value)
    if isinstance(value, bytes):
        return f"'\\x{value.hex()}'"
    if isinstance(value, dict | list):
        value = json.dumps(value)
    return "'" + str(value).replace("'", "''") + "'"


def _binary() -> str:
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/pgbench"))
    found = str(installed[-1]) if installed else shutil.which("pgbench")
    if not found:
        raise RuntimeError("no pgbench on this machine")
    return found
