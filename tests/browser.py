"""Chromium, driven by Playwright. ``./pdi test`` finds or installs one; without it these tests fail."""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Error, Page, expect, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Chromium calls home at every start unless told not to, and its sandbox refuses root.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
# A busy machine is slow; waiting longer costs nothing where all is well.
PATIENCE_MS, EVERY_MS = 30_000, 50
expect.set_options(timeout=PATIENCE_MS)


@contextmanager
def chromium(*flags: str) -> Iterator[Browser]:
    """A headless browser; further flags can give it a camera that shows a file."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable(), args=[*FLAGS, *flags], headless=True
        )
        yield browser
        browser.close()


@contextmanager
def profile(browser: Browser, folder: Path, *flags: str) -> Iterator[BrowserContext]:
    """A second browser that keeps everything in a folder, as a person's does, and may be killed there."""
    context = browser.browser_type.launch_persistent_context(
        folder, executable_path=executable(), args=[*FLAGS, *flags], headless=True
    )
    try:
        yield context
    finally:
        with suppress(Error):  # it was killed
            context.close()


def kill(folder: Path) -> None:
    """End the browser of a profile as a battery that falls out does."""
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        with suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            if f"--user-data-dir={folder}".encode() in words:
                os.kill(int(process.name), signal.SIGKILL)
    # It would tell the next one that the profile is in use.
    (folder / "SingletonLock").unlink(missing_ok=True)


def with_camera(video: Path) -> list[str]:
    """Flags for a camera that films a file of JPEGs one after another (.mjpeg), allowed everywhere."""
    return [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={video}",
    ]


def executable() -> str:
    named = os.environ.get("PDI_TEST_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        raise RuntimeError("no Chromium: ./pdi test installs one, or set PDI_TEST_CHROMIUM")
    return found


def until(page: Page, expression: str) -> None:
    """Wait until something is so in a page. Playwright's own wait asks from within, where our policy lets no text be a script."""
    for _ in range(PATIENCE_MS // EVERY_MS):
        if page.evaluate(f"Promise.resolve({expression}).then(Boolean)"):
            return
        page.wait_for_timeout(EVERY_MS)
    raise AssertionError(f"waited in vain for {expression}")
