// Reads a QR code from the camera: with what the browser has, else with zxing, which is fetched only then,
// from our own origin.

const REST = 60; // milliseconds between two looks; a slow phone rests as long as it has looked
const SOFTENED = "blur(1px)"; // in poor light the grain of the picture hides the code: every other look evens it out

export async function hasCamera() {
  if (!navigator.mediaDevices?.getUserMedia) return false;
  const devices = await navigator.mediaDevices.enumerateDevices().catch(() => []);
  return devices.some((device) => device.kind === "videoinput");
}

// Shows the camera in a video element and calls onRead with each text that it reads; not while two different
// ones are in view, for nobody could tell which card is meant. Each look is told to the element's "camera:look".
// Gives { stop, light }; light is null where the camera has none, else turns it on or off.
export async function openCamera(video, onRead) {
  const reading = reader(); // fetched while the camera opens
  reading.catch(() => {}); // told below
  const stream = await navigator.mediaDevices.getUserMedia({
    video: { facingMode: { ideal: "environment" }, width: { ideal: 1280 }, height: { ideal: 720 } },
    audio: false,
  });
  let open = true;
  const stop = () => {
    open = false;
    stream.getTracks().forEach((track) => track.stop());
    video.srcObject = null;
  };
  try {
    video.srcObject = stream;
    await video.play();
    const read = await reading;
    const look = async () => {
      if (!open) return;
      const began = performance.now();
      const texts = video.readyState >= 2 ? await read(video).catch(() => []) : [];
      const took = performance.now() - began;
      if (!open) return;
      const different = [...new Set(texts)];
      video.dispatchEvent(new CustomEvent("camera:look", { detail: { began, took, texts: different } }));
      if (different.length === 1) onRead(different[0]);
      if (open) setTimeout(look, Math.max(REST, took));
    };
    look();
  } catch (problem) {
    stop();
    throw problem;
  }
  return { stop, light: lightOf(stream.getVideoTracks()[0]) };
}

function lightOf(track) {
  if (!track.getCapabilities?.().torch) return null;
  return (on) => track.applyConstraints({ advanced: [{ torch: on }] });
}

// Takes a video and gives the texts of the codes in its present frame, two at most.
async function reader() {
  if ("BarcodeDetector" in window) {
    const formats = await BarcodeDetector.getSupportedFormats().catch(() => []);
    if (formats.includes("qr_code")) {
      const detector = new BarcodeDetector({ formats: ["qr_code"] });
      return async (video) => (await detector.detect(video)).map((found) => found.rawValue);
    }
  }
  const { prepareZXingModule, readBarcodes } = await import("./vendor/zxing-wasm/reader/index.js");
  const wasm = new URL("./vendor/zxing-wasm/zxing_reader.wasm", import.meta.url).href;
  await prepareZXingModule({ overrides: { locateFile: () => wasm }, fireImmediately: true });
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  let soften = true;
  return async (video) => {
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    soften = !soften;
    context.filter = soften ? SOFTENED : "none";
    context.drawImage(video, 0, 0);
    const picture = context.getImageData(0, 0, canvas.width, canvas.height);
    const found = await readBarcodes(picture, { formats: ["QRCode"], maxNumberOfSymbols: 2 });
    return found.map((each) => each.text);
  };
}
