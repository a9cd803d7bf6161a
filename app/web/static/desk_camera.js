// Reads a QR code from the camera: with what the browser has, else with zxing, which is fetched only then,
// from our own origin.

const PAUSE = 120;

export async function hasCamera() {
  if (!navigator.mediaDevices?.getUserMedia) return false;
  const devices = await navigator.mediaDevices.enumerateDevices().catch(() => []);
  return devices.some((device) => device.kind === "videoinput");
}

// Shows the camera in a video element and calls onRead with each text that it reads.
// Gives { stop, light }; light is null where the camera has none, else turns it on or off.
export async function openCamera(video, onRead) {
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
    const read = await reader();
    const look = async () => {
      if (!open) return;
      const text = video.readyState >= 2 ? await read(video).catch(() => null) : null;
      if (open && text) onRead(text);
      if (open) setTimeout(look, PAUSE);
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

async function reader() {
  if ("BarcodeDetector" in window) {
    const formats = await BarcodeDetector.getSupportedFormats().catch(() => []);
    if (formats.includes("qr_code")) {
      const detector = new BarcodeDetector({ formats: ["qr_code"] });
      return async (video) => (await detector.detect(video))[0]?.rawValue;
    }
  }
  const { prepareZXingModule, readBarcodes } = await import("./vendor/zxing-wasm/reader/index.js");
  const wasm = new URL("./vendor/zxing-wasm/zxing_reader.wasm", import.meta.url).href;
  await prepareZXingModule({ overrides: { locateFile: () => wasm }, fireImmediately: true });
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  return async (video) => {
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    context.drawImage(video, 0, 0);
    const picture = context.getImageData(0, 0, canvas.width, canvas.height);
    const found = await readBarcodes(picture, { formats: ["QRCode"], maxNumberOfSymbols: 1 });
    return found[0]?.text;
  };
}
