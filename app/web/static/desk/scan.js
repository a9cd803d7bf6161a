// Where cards come from: the scan field, scanners that type (with or without Enter, under any layout), the camera.

import { hasCamera, openCamera } from "../desk_camera.js";
import { digitsOf, grouped, judge, meantBy } from "../desk_codes.js";
import { play } from "../desk_sound.js";
import { word } from "./words.js";

const TOKEN_LENGTH = 28;
const PAUSE = 500; // milliseconds without a key: what comes next is another burst
const QUIET = 400; // a scanner's Enter may come after the answer: it must press nothing
const IS_CARD = /^(token|training|code)$/;

let onCard = () => {};
let camera = null;
let cardAt = -Infinity;
let burst = { text: "", at: -Infinity, field: null, before: "" };

const field = () => document.getElementById("scanned");

// From now on every card that is read, anywhere on the page, is handed over as text.
export function listen(handler) {
  onCard = handler;
  document.addEventListener("keydown", pressed, true);
  document.addEventListener("input", typed);
  document.addEventListener("submit", submitted, true);
  window.addEventListener("pagehide", closeCamera);
  document.addEventListener("visibilitychange", () => document.hidden && closeCamera());
}

// What is wrong with the digits, beside the field.
export function say(message) {
  const slip = document.getElementById("slip");
  if (!slip) return;
  slip.textContent = message;
  slip.hidden = !message;
  if (message) field().setAttribute("aria-invalid", "true");
  else field().removeAttribute("aria-invalid");
}

function take(text) {
  cardAt = performance.now();
  burst = { text: "", at: -Infinity, field: null, before: "" };
  closeCamera();
  say("");
  onCard(text);
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const isLate = performance.now() - cardAt < QUIET;
  if (event.key === "Enter" && isLate) {
    event.preventDefault();
    event.stopPropagation();
    return;
  }
  cardAt = -Infinity; // someone is typing: the next Enter is meant
  if (event.key.length !== 1) {
    if (event.key !== "Shift") burst.at = -Infinity;
    return;
  }
  const { target, timeStamp: at } = event;
  if (at - burst.at > PAUSE) burst = { text: "", at, field: target, before: target.value };
  burst.at = at;
  burst.text += event.key;
  const tail = burst.text.slice(-TOKEN_LENGTH);
  const verdict = digitsOf(tail) ? "" : judge(tail);
  if (/^(token|training|own)$/.test(verdict)) {
    event.preventDefault();
    cleanUp();
    if (verdict === "own") sayOwn();
    else take(tail);
    return;
  }
  const isFree = /^(BODY|MAIN)$/.test(document.activeElement?.tagName);
  if (isFree && field()) {
    field().focus(); // the key goes there
  }
  if (document.activeElement === field() && field()) inLatin(event);
}

// The scanner typed into whatever had the keyboard: put back what stood there.
function cleanUp() {
  if (field()) field().value = "";
  const other = burst.field;
  if (!isTextField(other) || other.id === "scanned") return;
  const typed = burst.text.slice(0, -TOKEN_LENGTH); // by hand, just before; or an address's beginning
  other.value = burst.before + (/[/?=]/.test(typed) ? "" : typed);
  other.dispatchEvent(new Event("input", { bubbles: true }));
}

// Under another layout a scanner's keys come out as other letters: write what it meant.
function inLatin(event) {
  const input = field();
  const meant = meantBy(event, input.dataset.foreign === "yes");
  if (meant === null) return;
  event.preventDefault();
  input.dataset.foreign = "yes";
  input.setRangeText(meant, input.selectionStart, input.selectionEnd, "end");
  input.dispatchEvent(new InputEvent("input", { bubbles: true }));
}

function typed({ target }) {
  if (target.id === "scanned") judgeTyped(target);
  else if (isTextField(target)) {
    // A scanner that writes without pressing keys, as those of phones do.
    const tail = target.value.slice(-TOKEN_LENGTH);
    if (!/^(token|training|own)$/.test(judge(tail)) || digitsOf(tail)) return;
    target.value = target.value.slice(0, -TOKEN_LENGTH);
    target.dispatchEvent(new Event("input", { bubbles: true }));
    if (judge(tail) === "own") sayOwn();
    else take(tail);
  }
}

function judgeTyped(input) {
  const verdict = judge(input.value);
  const digits = digitsOf(input.value);
  const isAtEnd = input.selectionStart === input.value.length;
  if (digits && digits.length <= 12 && isAtEnd) input.value = grouped(digits);
  if (IS_CARD.test(verdict)) return takeField();
  if (verdict === "own") return sayOwn();
  say(verdict === "slip" ? word("mistyped") : "");
  if (verdict !== "slip") return;
  play("refused");
  input.select();
}

// Someone's own card brings nobody: what it is for needs the records.
function sayOwn() {
  cardAt = performance.now();
  burst = { text: "", at: -Infinity, field: null, before: "" };
  closeCamera();
  say(word("own-card"));
  if (!field()) return;
  field().value = "";
  play("refused");
}

function takeField() {
  const text = field().value;
  field().value = "";
  take(text);
}

function submitted(event) {
  if (event.target.id !== "scan") return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const text = field().value.trim();
  if (IS_CARD.test(judge(text))) takeField();
  else if (performance.now() - cardAt >= QUIET) {
    if (judge(text) === "own") return sayOwn();
    say(text ? word("mistyped") : word("nothing"));
    field().focus();
    if (text) play("refused");
  }
}

const isTextField = (element) =>
  element.matches?.("textarea, input:not([type=radio], [type=checkbox], [type=hidden], [type=submit])");

// The camera's button stands only where there is a camera.
export async function offerCamera() {
  const button = document.getElementById("camera");
  if (button) button.hidden = !(await hasCamera());
}

export async function showCamera() {
  const view = document.getElementById("viewfinder");
  view.hidden = false;
  try {
    camera = await openCamera(document.getElementById("film"), (text) => (judge(text) === "own" ? sayOwn() : take(text)));
    const light = document.getElementById("light");
    if (light) light.hidden = camera.light === null;
  } catch {
    closeCamera();
    say(word("camera-refused"));
    field()?.focus();
  }
}

export async function turnLight(button) {
  const on = button.getAttribute("aria-pressed") !== "true";
  await camera?.light?.(on);
  button.setAttribute("aria-pressed", String(on));
  button.textContent = on ? word("light-off") : word("light-on");
}

export function closeCamera() {
  camera?.stop();
  camera = null;
  const view = document.getElementById("viewfinder");
  if (view) view.hidden = true;
}
