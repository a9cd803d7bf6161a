// The door of the desk: who is here, her PIN, and the lock that falls when nobody touches the screen.
// While it is shut everything that waits is still delivered.

import { Courier } from "./outbox.js";
import { ask } from "./server.js";
import { fetchShells, language, swapTo } from "./shell.js";
import { Wiped, WrongPin, keepers, unlock, wipe } from "./vault.js";

const IDLE = 5 * 60_000;
const WARNED = 60_000;
const TAB = "pdi-desk";
const SHELLS_EVERY = 6 * 3_600_000;
const SIGNS_OF_LIFE = ["pointerdown", "pointermove", "keydown", "input", "wheel", "touchmove", "desk:sound"];

const couriers = new Map(); // of keepers whose vault is not open, by id
let vault = null;
let door = null; // who waits for it to open
let tab = null;
let screen = { name: "", keepers: [], chosen: null, message: "" };
let touchedAt = 0;
let idleTimer = 0;
let shellsAt = 0;
let cleared = null; // keepers of whom this page has said that they were
let installing = null; // the browser's offer to put the app on the home screen

const gate = () => document.getElementById("gate");
const words = () => gate().dataset;
const part = (name) => gate().querySelector(`[data-gate="${name}"]`);
const pin = () => document.getElementById("gate-pin");

// A vault that someone opened with her PIN. Call it again after "desk:locked".
export async function opened() {
  tab ??= onlyHere();
  await tab;
  await deliver();
  await begin();
  return new Promise((resolve) => { door = resolve; });
}

export async function lockNow() {
  if (!vault) return;
  document.dispatchEvent(new Event("desk:locking"));
  await new Promise((soon) => setTimeout(soon)); // the draft of this moment has its turn
  if (!vault) return;
  // The server's pages are open as long as its log-in is; without a network it ends by itself.
  ask("/session", { method: "DELETE", key: vault.facts.key }).catch(() => {});
  vault.lock();
}

// One tab works at a time: two would number and show the same visits differently.
async function onlyHere() {
  navigator.serviceWorker?.register("/desk/worker.js", { scope: "/desk" }).catch(() => {});
  const { held } = await navigator.locks.query();
  if (held.some(({ name }) => name === TAB)) show("tab");
  await new Promise((mine) => {
    navigator.locks.request(TAB, () => {
      mine();
      return new Promise(() => {}); // until the page ends
    });
  });
}

async function deliver() {
  for (const { id } of await keepers()) {
    if (id === vault?.id || couriers.has(id)) continue;
    const courier = new Courier(id);
    couriers.set(id, courier);
    courier.addEventListener("change", refresh);
    courier.start();
  }
}

async function begin() {
  const all = await keepers();
  const able = all.filter(({ wiped }) => !wiped);
  const chosen = able.find(({ id }) => id === screen.chosen?.id) ?? (able.length === 1 ? able[0] : null);
  screen = { ...screen, keepers: all, chosen };
  if (!all.length) await retire();
  const gone = all.filter(({ wiped }) => wiped).map(({ id }) => id);
  const isNews = cleared !== null && gone.some((id) => !cleared.has(id));
  cleared = new Set(gone);
  show(isNews ? "wiped" : chosen ? "pin" : able.length ? "who" : all.length ? "wiped" : "none");
}

// Without keepers this browser is no device: the desk is the server's again.
async function retire() {
  for (const name of await caches.keys()) {
    if (name.startsWith("pdi-desk-")) await caches.delete(name);
  }
}

async function refresh() {
  if (vault || !door) return;
  const all = await keepers();
  const wipedNow = all.some(({ id, wiped }) => wiped && !screen.keepers.find((each) => each.id === id)?.wiped);
  screen.keepers = all;
  if (wipedNow) await begin();
  else fill();
}

function show(name, message = "") {
  screen.name = name;
  screen.message = message;
  fill();
  const focus = part(name)?.querySelector("[data-gate-focus]");
  focus?.focus({ preventScroll: true });
}

// From the state to the screen; also after the language, and with it the whole body, was changed.
function fill() {
  const root = gate();
  if (!root || vault) return;
  root.hidden = false;
  for (const each of root.querySelectorAll("[data-gate]")) each.hidden = each.dataset.gate !== screen.name;
  const shown = part(screen.name);
  const { chosen, keepers: all } = screen;
  const slots = {
    name: chosen ? [chosen.username, chosen.label].filter(Boolean).join(" · ") : "",
    message: screen.message,
    waiting: words().waiting.replace("{n}", all.reduce((sum, { waiting }) => sum + waiting, 0)),
  };
  for (const [name, text] of Object.entries(slots)) {
    for (const slot of shown?.querySelectorAll(`[data-slot="${name}"]`) ?? []) {
      if (slot.textContent !== text) slot.textContent = text;
      slot.hidden = !text;
    }
  }
  if (screen.name === "who") fillWho(shown);
  if (screen.name === "wiped") fillWiped(shown);
  if (screen.name === "pin") {
    shown.querySelector("[data-gate-do=others]").hidden = all.filter(({ wiped }) => !wiped).length < 2;
    shown.querySelector("[data-slot=waiting]").hidden = !all.some(({ waiting }) => waiting);
    shown.querySelector("[data-gate-do=install]").hidden = !installing;
  }
  for (const button of root.querySelectorAll("[data-gate-language]")) {
    button.toggleAttribute("aria-current", false);
    if (button.dataset.gateLanguage === language()) button.setAttribute("aria-current", "true");
  }
}

function fillWho(shown) {
  const list = shown.querySelector("ul");
  const one = document.getElementById("gate-one").content;
  list.replaceChildren(...screen.keepers.filter(({ wiped }) => !wiped).map((keeper) => {
    const item = document.importNode(one, true);
    const button = item.querySelector("button");
    button.dataset.keeper = keeper.id;
    button.querySelector("[data-slot=username]").textContent = keeper.username;
    button.querySelector("[data-slot=label]").textContent = keeper.label;
    return item;
  }));
}

function fillWiped(shown) {
  const gone = screen.keepers.filter(({ wiped }) => wiped);
  const last = gone.toSorted((one, other) => one.wipedAt - other.wipedAt).at(-1);
  for (const each of shown.querySelectorAll("[data-why]")) each.hidden = each.dataset.why !== last?.wiped;
  const waits = gone.some(({ waiting }) => waiting);
  shown.querySelector("[data-slot=waiting]").hidden = !waits;
  shown.querySelector("[data-if=sent]").hidden = waits;
  shown.querySelector("[data-gate-do=others]").hidden = gone.length === screen.keepers.length;
}

async function tryPin() {
  const typed = pin().value;
  if (!typed || screen.isBusy) return;
  if (/\D/.test(typed) || typed.length < 6) return show("pin", words().short); // not counted: it cannot be the PIN
  clear(); // what is typed from here on is the next try
  screen.isBusy = true;
  gate().setAttribute("aria-busy", "true");
  show("pin", words().opening);
  const { id } = screen.chosen;
  let message = "";
  try {
    letIn(await unlock(id, typed));
    return;
  } catch (reason) {
    if (reason instanceof WrongPin) message = words()[`left${reason.left}`];
    else if (!(reason instanceof Wiped)) message = words().broken;
  } finally {
    screen.isBusy = false;
    gate().removeAttribute("aria-busy");
  }
  await begin();
  if (screen.name === "pin") show("pin", message);
}

function clear() {
  if (pin()) pin().value = "";
}

function letIn(found) {
  couriers.get(found.id)?.stop();
  couriers.delete(found.id);
  vault = found;
  vault.addEventListener("locked", shut, { once: true });
  screen = { ...screen, name: "", message: "" };
  gate().hidden = true;
  keepAwake();
  keepShells(found.facts.key);
  const goOn = door;
  door = null;
  goOn(found);
}

// Whatever locked it: nothing that was read stays on the screen.
function shut() {
  vault = null;
  clearTimeout(idleTimer);
  warn(false);
  for (const kind of SIGNS_OF_LIFE) document.removeEventListener(kind, touched, true);
  document.removeEventListener("visibilitychange", judgeIdleness);
  document.querySelectorAll("main").forEach((main) => main.replaceChildren());
  document.dispatchEvent(new Event("desk:locked"));
}

// Pages for the next opening; without a network the kept ones do.
function keepShells(key) {
  if (Date.now() - shellsAt < SHELLS_EVERY) return;
  const all = words().languages.split(" ");
  fetchShells(key, all).then(() => { shellsAt = Date.now(); }).catch(() => {});
}

function keepAwake() {
  for (const kind of SIGNS_OF_LIFE) document.addEventListener(kind, touched, { capture: true, passive: true });
  document.addEventListener("visibilitychange", judgeIdleness);
  touchedAt = Date.now();
  judgeIdleness();
}

function touched() {
  // A touch after the time was up, on a screen that slept, comes too late.
  if (Date.now() - touchedAt >= IDLE) return judgeIdleness();
  touchedAt = Date.now();
  if (warning()) warn(false);
}

function judgeIdleness() {
  clearTimeout(idleTimer);
  if (!vault) return;
  const left = IDLE - (Date.now() - touchedAt);
  if (left <= 0) {
    lockNow();
    return;
  }
  warn(left <= WARNED);
  idleTimer = setTimeout(judgeIdleness, left <= WARNED ? left : left - WARNED);
}

const warning = () => document.getElementById("gate-warning")?.hidden === false;

function warn(on) {
  const note = document.getElementById("gate-warning");
  if (note) note.hidden = !on;
}

// Who works on a page of the server in another tab is not gone.
new BroadcastChannel("pdi-at-work").addEventListener("message", () => {
  if (vault) touched();
});

document.addEventListener("desk:swapped", () => {
  if (vault) judgeIdleness();
  else show(screen.name);
});

window.addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  installing = event;
  fill();
});
window.addEventListener("appinstalled", () => {
  installing = null;
  fill();
});

document.addEventListener("submit", (event) => {
  if (event.target.id !== "gate-form") return;
  event.preventDefault();
  tryPin();
});

document.addEventListener("keydown", (event) => {
  // Digits count wherever the focus stands on the PIN screen, and already while it is being opened.
  const isAsked = screen.name === "pin" || (screen.name === "" && !vault);
  if (!isAsked || !pin() || event.target === pin() || event.ctrlKey || event.metaKey || event.altKey) return;
  if (/^\d$/.test(event.key)) {
    pin().value += event.key;
    pin().focus();
    event.preventDefault();
  }
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("#gate button, #gate-warning button");
  if (!button) return;
  const { gateDo, gateDigit, gateLanguage, keeper } = button.dataset;
  if (gateDigit) pin().value += gateDigit;
  if (gateLanguage) await swapTo(gateLanguage).catch(() => show(screen.name, words().notKept));
  if (keeper) {
    screen.chosen = screen.keepers.find(({ id }) => id === keeper);
    show("pin");
  }
  if (gateDo === "back") pin().value = pin().value.slice(0, -1);
  if (gateDo === "others") {
    clear();
    screen.chosen = null;
    await begin();
  }
  if (gateDo === "install") installing?.prompt();
  if (gateDo === "forgotten") show("forgotten");
  if (gateDo === "not-forgotten") show("pin");
  if (gateDo === "clear") {
    await wipe(screen.chosen.id);
    screen.chosen = null;
    await begin();
  }
});
