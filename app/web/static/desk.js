// The scan field: takes a scanner, a keyboard or a camera, with or without Enter, and says what became of it.

import { digitsOf, grouped, isOwn, judge, meantBy } from "./desk_codes.js";
import { focusOnWork } from "./desk_focus.js";
import { hasCamera, openCamera } from "./desk_camera.js";
import { play, soundsAreOn, turnSounds } from "./desk_sound.js";

const QUIET_AFTER_VERDICT = 400; // a scanner's Enter may come after the answer: it must press nothing
const TUNE = {
  good: "accepted", mistyped_code: "attention", not_yet_active: "attention",
};

let sending = false;
let answeredAt = -Infinity;
let camera = null;

const isJustAnswered = () => performance.now() - answeredAt < QUIET_AFTER_VERDICT;
const field = () => document.getElementById("scanned");
const words = () => document.getElementById("desk-words").dataset;

function say(message) {
  const slip = document.getElementById("slip");
  slip.textContent = message;
  slip.hidden = !message;
  field().toggleAttribute("aria-invalid", Boolean(message));
  if (message) field().setAttribute("aria-invalid", "true");
}

function send() {
  if (sending) return;
  sending = true;
  play("read");
  field().form.requestSubmit();
}

function take(text) {
  field().value = text;
  send();
}

function typed() {
  const input = field();
  const digits = digitsOf(input.value);
  const verdict = isOwn(digits ?? "") ? "own" : judge(input.value); // the server knows whether it is one
  const atEnd = input.selectionStart === input.value.length;
  if (digits && digits.length <= 12 && atEnd) input.value = grouped(digits);
  say(verdict === "slip" ? words().mistyped : "");
  if (["code", "token", "training", "own"].includes(verdict)) send();
  if (verdict === "slip") {
    play("refused");
    input.select();
  }
}

document.addEventListener("input", (event) => {
  if (event.target.id === "scanned") typed();
  else if (event.target.matches("[data-scans]") && /^(token|training|own)$/.test(judge(event.target.value))) {
    // The next card was scanned while another field had the keyboard.
    const text = event.target.value;
    event.target.value = "";
    take(text);
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && isJustAnswered() && !event.target.value) {
    event.preventDefault();
    return;
  }
  const isFree = /^(BODY|MAIN)$/.test(document.activeElement.tagName) && event.key.length === 1;
  if (isFree && !event.ctrlKey && !event.metaKey && !event.altKey) field().focus(); // the key goes there
  if (event.target.id !== "scanned") return;
  const meant = meantBy(event, event.target.dataset.foreign === "yes");
  if (meant === null) return;
  event.preventDefault();
  event.target.dataset.foreign = "yes";
  event.target.setRangeText(meant, event.target.selectionStart, event.target.selectionEnd, "end");
  event.target.dispatchEvent(new InputEvent("input", { bubbles: true }));
});

document.addEventListener("submit", (event) => {
  if (event.target.id !== "scan") return;
  const isEmpty = !event.target.elements.scanned.value.trim();
  if (isEmpty || event.target.dataset.sent) {
    event.preventDefault();
    event.stopImmediatePropagation();
    if (isEmpty && !sending && !isJustAnswered()) {
      say(words().nothing);
      field().focus();
    }
    return;
  }
  event.target.dataset.sent = "yes";
  sending = true;
  closeCamera();
}, true);

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (button?.id === "camera") await showCamera();
  if (button?.id === "camera-off") closeCamera();
  if (button?.id === "sounds") {
    turnSounds(!soundsAreOn());
    showSounds();
    if (soundsAreOn()) play("read");
  }
  if (button?.id === "light") {
    const on = button.getAttribute("aria-pressed") !== "true";
    await camera?.light(on);
    button.setAttribute("aria-pressed", String(on));
    button.textContent = on ? words().lightOff : words().lightOn;
  }
});

async function showCamera() {
  const view = document.getElementById("viewfinder");
  view.hidden = false;
  try {
    camera = await openCamera(document.getElementById("film"), (text) => {
      closeCamera();
      take(text);
    });
    document.getElementById("light").hidden = camera.light === null;
  } catch {
    closeCamera();
    say(words().cameraRefused);
    field().focus();
  }
}

function closeCamera() {
  camera?.stop();
  camera = null;
  const view = document.getElementById("viewfinder");
  if (view) view.hidden = true;
}

function showSounds() {
  const button = document.getElementById("sounds");
  if (!button) return;
  button.hidden = false;
  button.setAttribute("aria-pressed", String(soundsAreOn()));
  button.textContent = soundsAreOn() ? words().soundsOn : words().soundsOff;
}

async function begin() {
  sending = false;
  const form = document.getElementById("scan");
  delete form.dataset.sent;
  const verdict = document.getElementById("desk")?.dataset.verdict;
  if (verdict) {
    answeredAt = performance.now();
    const known = document.getElementById("desk").dataset.known;
    play(known ? "attention" : TUNE[verdict] ?? "refused");
    window.scrollTo(0, 0);
  }
  focusOnWork();
  if (document.activeElement === field()) field().select();
  showSounds();
  const button = document.getElementById("camera");
  if (button) button.hidden = !(await hasCamera());
}

document.addEventListener("htmx:after:settle", begin);

// No answer, or one that is no desk: say so and leave everything as it stands.
function sayAway() {
  sending = false;
  delete document.getElementById("scan").dataset.sent;
  say(words().away);
  play("attention");
  field().focus();
  field().select();
}
document.addEventListener("htmx:error", sayAway);
document.addEventListener("htmx:before:swap", (event) => {
  if (event.detail.ctx.response.status < 400) {
    answeredAt = performance.now(); // from here until it settles, the new empty field has the keyboard
    return;
  }
  event.preventDefault();
  sayAway();
});

window.addEventListener("pagehide", closeCamera);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) closeCamera();
});
begin();
