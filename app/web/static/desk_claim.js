// Someone's own card for a payment: when it is read, the keyboard goes to the PIN.

import { digitsOf, grouped, isOwn, judge, meantBy } from "./desk_codes.js";
import "./desk_focus.js";
import { hasCamera, openCamera } from "./desk_camera.js";

const field = document.getElementById("scanned");
const pin = document.getElementById("pin");
const view = document.getElementById("viewfinder");
const button = document.getElementById("camera");
const words = document.getElementById("desk-words").dataset;
let camera = null;
let readAt = -Infinity;

function read() {
  const digits = digitsOf(field.value);
  if (digits && digits.length <= 12 && field.selectionStart === field.value.length) field.value = grouped(digits);
  const isCard = digits === null ? judge(field.value) === "own" : isOwn(digits);
  if (!isCard) return;
  readAt = performance.now();
  pin.focus();
}

field.addEventListener("input", read);
field.addEventListener("keydown", (event) => {
  const meant = meantBy(event, field.dataset.foreign === "yes");
  if (meant === null) return;
  event.preventDefault();
  field.dataset.foreign = "yes";
  field.setRangeText(meant, field.selectionStart, field.selectionEnd, "end");
  read();
});
pin.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && performance.now() - readAt < 400) event.preventDefault(); // the scanner's own
});

function close() {
  camera?.stop();
  camera = null;
  view.hidden = true;
}

button.addEventListener("click", async () => {
  view.hidden = false;
  try {
    camera = await openCamera(document.getElementById("film"), (text) => {
      close();
      field.value = text;
      read();
    });
    document.getElementById("light").hidden = camera.light === null;
  } catch {
    close();
    field.placeholder = words.cameraRefused;
    field.focus();
  }
});
document.getElementById("camera-off").addEventListener("click", close);
document.getElementById("light").addEventListener("click", async ({ target }) => {
  const on = target.getAttribute("aria-pressed") !== "true";
  await camera?.light?.(on);
  target.setAttribute("aria-pressed", String(on));
  target.textContent = on ? words.lightOff : words.lightOn;
});
window.addEventListener("pagehide", close);
document.addEventListener("visibilitychange", () => document.hidden && close());
button.hidden = !(await hasCamera());
