"""Browser libraries come from our own address and do their work under the policy that pages are served with."""

import base64
import io
import json
from pathlib import Path

import pytest
import qrcode
from playwright.sync_api import Page

from tests.serving import Server

READ_QR = """async (picture) => {
    const { prepareZXingModule, readBarcodes } = await import("/static/vendor/zxing-wasm/reader/index.js");
    const address = "/static/vendor/zxing-wasm/zxing_reader.wasm";
    prepareZXingModule({ overrides: { locateFile: () => address } });
    const bytes = Uint8Array.from(atob(picture), (letter) => letter.charCodeAt(0));
    return (await readBarcodes(bytes)).map((found) => found.text);
}"""

# A step later, for what the test itself evaluates is let through.
EVALUATE = """() => new Promise((tell) => setTimeout(() => {
    try { tell(eval("1")); } catch (refusal) { tell(refusal.name); }
}))"""


@pytest.fixture
def login_page(page: Page, server: Server) -> Page:
    answer = page.goto(f"{server.url}/login")
    assert answer is not None
    assert answer.ok, server.log.read_text()
    return page


def test_the_decoder_reads_a_qr_code_and_asks_no_other_address(
    login_page: Page, server: Server
) -> None:
    asked: list[str] = []
    login_page.on("request", lambda request: asked.append(request.url))
    picture = io.BytesIO()
    qrcode.make("C1ABCDEFGH").save(picture)

    texts = login_page.evaluate(READ_QR, base64.b64encode(picture.getvalue()).decode())

    assert texts == ["C1ABCDEFGH"]
    assert f"{server.url}/static/vendor/zxing-wasm/zxing_reader.wasm" in asked
    assert not [url for url in asked if not url.startswith(server.url)]


def test_htmx_runs_where_nothing_may_be_evaluated(login_page: Page) -> None:
    locked = json.loads((Path(__file__).parents[2] / "package.json").read_text())["dependencies"]

    assert login_page.evaluate("htmx.version") == locked["htmx.org"]
    assert login_page.evaluate(EVALUATE) == "EvalError"


def test_the_browsers_database_answers_with_promises(login_page: Page) -> None:
    found = login_page.evaluate(
        """async () => {
            const { openDB } = await import("/static/vendor/idb/index.js");
            const db = await openDB("probe", 1, { upgrade: (made) => made.createObjectStore("words") });
            const writing = db.transaction("words", "readwrite", { durability: "strict" });
            await writing.store.put("here", "where");
            await writing.done;
            return [await db.get("words", "where"), writing.durability];
        }"""
    )

    assert found == ["here", "strict"]
