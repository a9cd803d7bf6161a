// Makes this browser a device of the desk: reads the code's secret, asks for a PIN twice, keeps the app's pages.

import { Away, Refused } from "./server.js";
import { fetchShells, language, openIn } from "./shell.js";
import { database } from "./store.js";
import { WrongPin, enrol, keepers, unlock, weakness } from "./vault.js";

// The address bar is read over shoulders and kept in histories.
const secret = decodeURIComponent(location.hash.slice(1));
history.replaceState(null, "", location.pathname);

const root = document.getElementById("enrol");
const form = document.getElementById("enrol-form");
const words = root.dataset;
const part = (name) => root.querySelector(`[data-part="${name}"]`);
let isBusy = false;
let unfinished = null;

function show(name) {
  for (const each of root.querySelectorAll("[data-part]")) each.hidden = each.dataset.part !== name;
  part(name).querySelector("[data-focus]")?.focus();
}

function complain(field, message) {
  const line = document.getElementById(`${field.id}-error`);
  line.textContent = message;
  line.hidden = !message;
  if (message) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
}

async function begin() {
  // Browsers keep these to themselves where a listener on the network could change the page.
  if (!window.isSecureContext || !crypto.subtle) return show("insecure");
  if (!navigator.serviceWorker || !window.caches || !navigator.locks) return show("private");
  try {
    await database();
    await caches.open("pdi-desk-state");
  } catch {
    return show("private");
  }
  // A worker from before keeps serving; the new one is fetched while the PIN is thought of.
  navigator.serviceWorker.register("/desk/worker.js", { scope: "/desk" }).catch(() => {});
  if (secret) return show("pin");
  const [keeper] = (await keepers()).filter(({ wiped }) => !wiped);
  if (!keeper) return show("none");
  unfinished = keeper;
  // Set up, but closed before the pages came; or the browser threw them away.
  show(await caches.match("/desk") ? "done-before" : "unfinished");
}

function step(name) {
  for (const each of root.querySelectorAll("[data-step]")) {
    const at = Number(each.dataset.step);
    each.className = at < name ? "done" : "";
    if (at === name) each.setAttribute("aria-current", "step");
    else each.removeAttribute("aria-current");
  }
}

async function send() {
  const { password, pin: first, again: second } = form.elements;
  complain(password, "");
  const weak = weakness(first.value);
  complain(first, weak ? words[weak] : "");
  complain(second, !weak && first.value !== second.value ? words.different : "");
  if (weak || first.value !== second.value) {
    (weak ? first : second).focus();
    return;
  }
  const [pin, own] = [first.value, password.value];
  form.reset();
  show("working");
  step(1);
  let vault;
  try {
    vault = await enrol(secret, pin, own, { onStep: (name) => step({ sealing: 1, asking: 2, keeping: 3 }[name]) });
  } catch (reason) {
    fail(reason);
    if (isNotHers(reason)) form.elements.pin.value = form.elements.again.value = pin;
    return;
  }
  const { key } = vault.facts;
  await fetchPages(key);
  vault.lock();
  location.replace("/desk");
}

// Its place is kept by now: only the pages that open without a network are still missing.
async function fetchPages(key) {
  step(4);
  await openIn(language());
  for (let pause = 2_000; ;) {
    try {
      const version = await fetchShells(key, words.languages.split(" "), language());
      const worker = await navigator.serviceWorker.register("/desk/worker.js", { scope: "/desk" });
      if (await opensWith(version)) return;
      await worker.update(); // the server was renewed while this page was open
      await navigator.serviceWorker.ready;
      if (await opensWith(version)) return;
      await new Promise((later) => setTimeout(later, 500));
    } catch {
      part("working").querySelector("[data-slow]").hidden = false;
      await new Promise((later) => setTimeout(later, pause));
      pause = Math.min(2 * pause, 30_000);
    }
  }
}

// The pages and the files they need are both here, and a worker to open them.
async function opensWith(version) {
  const files = await caches.match("/desk/files-are-whole", { cacheName: `pdi-desk-files-${version}` });
  return Boolean(files && (await navigator.serviceWorker.getRegistration("/desk"))?.active);
}

async function finish() {
  const field = document.getElementById("known");
  complain(field, "");
  try {
    const vault = await unlock(unfinished.id, field.value);
    show("working");
    await fetchPages(vault.facts.key);
    vault.lock();
    location.replace("/desk");
  } catch (reason) {
    if (reason instanceof WrongPin) complain(field, words.wrong);
    else show("none");
  } finally {
    field.value = "";
  }
}

const isNotHers = (reason) => reason instanceof Refused && reason.code === "wrong_log_in";

function fail(reason) {
  if (reason instanceof Refused && reason.status === 410) return show("over");
  if (isNotHers(reason)) {
    show("pin");
    complain(form.elements.password, words.notHers);
    return;
  }
  if (reason instanceof Away) {
    // Before the secret was spent, or after: nobody can tell from here. A second try tells.
    show("pin");
    document.getElementById("enrol-away").hidden = false;
    return;
  }
  show("broken");
}

async function alone(work) {
  if (isBusy) return;
  isBusy = true;
  try {
    await work();
  } finally {
    isBusy = false;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  document.getElementById("enrol-away").hidden = true;
  alone(send);
});

document.getElementById("unfinished-form").addEventListener("submit", (event) => {
  event.preventDefault();
  alone(finish);
});

// The page in another language is another page: the secret goes with it, and not to the server.
document.addEventListener("submit", async (event) => {
  if (!secret || event.target.getAttribute("action") !== "/language") return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(event.target, event.submitter));
  await fetch("/language", { method: "POST", body });
  history.replaceState(null, "", `#${encodeURIComponent(secret)}`);
  location.reload();
});

// A second code, scanned into the same tab.
window.addEventListener("hashchange", () => location.reload());

begin();
