"""What a finished demonstration tells: the log-ins, the sites, and coupons to try. Its file is written last."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from app.demo.scene import DemoGateway, LogIn

FILE = "demo-credentials.json"


@dataclass(frozen=True)
class Credentials:
    log_ins: dict[str, LogIn]
    programme: str
    sites: tuple[str, ...]
    usable_coupons: tuple[str, ...]
    claim_cards: tuple[tuple[str, str], ...] = ()
    gateways: tuple[DemoGateway, ...] = ()

    def write(self, folder: Path) -> None:
        """Write the file for its owner's eyes only, all of it or nothing."""
        told = {
            **{name: asdict(log_in) for name, log_in in self.log_ins.items()},
            "gateways": [asdict(gateway) for gateway in self.gateways],
            "programme": self.programme,
            "sites": list(self.sites),
            "usable_coupons": list(self.usable_coupons),
            "claim_cards": [{"code": code, "pin": pin} for code, pin in self.claim_cards],
        }
        half = folder / f"{FILE}.half"
        half.unlink(missing_ok=True)
        handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump(told, file, indent=1)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        half.replace(folder / FILE)

    @classmethod
    def read(cls, folder: Path) -> "Credentials":
        told = json.loads((folder / FILE).read_text())
        log_ins = {name: LogIn(**value) for name, value in told.items() if isinstance(value, dict)}
        return cls(
            log_ins,
            told["programme"],
            tuple(told["sites"]),
            tuple(told["usable_coupons"]),
            tuple((card["code"], card["pin"]) for card in told.get("claim_cards", ())),
            tuple(DemoGateway(**gateway) for gateway in told.get("gateways", ())),
        )
