"""A participant's own card: one card on a sheet, with its code and as few words as can be."""

import json
from dataclasses import dataclass
from pathlib import Path

from app.core.codes import group
from app.printing.qr import qr_svg
from app.printing.typesetting import typeset

LAYOUT = Path(__file__).parent / "layouts" / "claim_card.typ"
LONGEST_TEXT = 200


@dataclass(frozen=True, slots=True)
class ClaimCardFace:
    """What is printed, all of it in finished words; ``lines`` are a line a language."""

    language: str
    organisation: str
    address: str
    phone: str
    title: str
    lines: tuple[str, ...]
    qr_text: str
    digits: str


def claim_card_pdf(face: ClaimCardFace, *, strict: bool = False) -> bytes:
    """Set a card; the same card gives the same bytes."""
    data = {
        "language": face.language,
        "organisation": face.organisation[:LONGEST_TEXT],
        "address": face.address[:LONGEST_TEXT],
        "phone": face.phone[:LONGEST_TEXT],
        "title": face.title,
        "lines": [line[:LONGEST_TEXT] for line in face.lines],
        "qr": qr_svg(face.qr_text),
        "digits": group(face.digits),
    }
    return typeset(LAYOUT, inputs={"data": json.dumps(data, ensure_ascii=False)}, strict=strict)
