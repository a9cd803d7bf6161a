"""A camera in front of a film, and what the desk's reader saw in it, look by look."""

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

from tests.journeys.films import BITS, HEIGHT, MARK

# Notes when each scene is first shown in the page, and every look of the reader.
WATCH = """async ([scenes, height, mark, bits, module]) => {
    const { openCamera } = await import(module);
    const video = document.createElement("video");
    video.muted = true;
    document.body.append(video);
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [bits, 1];
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const shown = {}, looks = [];
    const note = () => {
        context.drawImage(video, 0, height - mark, mark * bits, mark, 0, 0, bits, 1);
        const pixels = context.getImageData(0, 0, bits, 1).data;
        let scene = 0;
        for (let bit = 0; bit < bits; bit++) if (pixels[bit * 4] > 127) scene |= 1 << bit;
        if (!(scene in shown)) shown[scene] = performance.now();
        video.requestVideoFrameCallback(note);
    };
    video.requestVideoFrameCallback(note);
    video.addEventListener("camera:look", (event) => looks.push(event.detail));
    const read = [];
    const opened = performance.now();
    const camera = await openCamera(video, (text) => read.push({ text, at: performance.now() }));
    const pause = (time) => new Promise((done) => setTimeout(done, time));
    while (!(scenes in shown) && performance.now() - opened < 120_000) await pause(50);
    await pause(1_000);
    camera.stop();
    return { opened, shown, looks, read };
}"""


@dataclass(frozen=True)
class Sight:
    """How a scene was read: after how many looks since it was shown, and after how long."""

    texts: tuple[str, ...]  # of the first look in which anything was read
    looks: int
    milliseconds: float


@dataclass(frozen=True)
class Watched:
    """What became of a film."""

    sights: tuple[Sight | None, ...]  # by scene, from the first; none where nothing was read
    read: tuple[str, ...]
    milliseconds_to_read: tuple[float | None, ...]  # by scene, from its first picture in the page
    milliseconds_a_look: float | None


def watch(page: Page, *, scenes: int, module: str = "/static/desk_camera.js") -> Watched:
    """Let the desk's reader look at the film that the browser's camera shows."""
    told: dict[str, Any] = page.evaluate(WATCH, [scenes, HEIGHT, MARK, BITS, module])
    times = sorted(look["took"] for look in told["looks"])
    return Watched(
        tuple(_sight(told, scene) for scene in range(1, scenes + 1)),
        tuple(read["text"] for read in told["read"]),
        tuple(_time_to_read(told, scene) for scene in range(1, scenes + 1)),
        times[len(times) // 2] if times else None,
    )


def _sight(told: dict[str, Any], scene: int) -> Sight | None:
    shown, until = _shown(told, scene)
    looks = [look for look in told["looks"] if shown <= look["began"] < until]
    for number, look in enumerate(looks, start=1):
        if look["texts"]:
            return Sight(tuple(look["texts"]), number, look["began"] + look["took"] - shown)
    return None


def _time_to_read(told: dict[str, Any], scene: int) -> float | None:
    shown, until = _shown(told, scene)
    return next((read["at"] - shown for read in told["read"] if shown <= read["at"] < until), None)


def _shown(told: dict[str, Any], scene: int) -> tuple[float, float]:
    """When the page first showed a scene, and the next."""
    times: dict[str, float] = told["shown"]
    assert str(scene) in times, f"scene {scene} was never shown"
    shown = times[str(scene)]
    return shown, min((at for at in times.values() if at > shown), default=float("inf"))
