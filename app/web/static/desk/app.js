// The desk's app: what is open, what was pressed, and the way back. Screens are drawn by card.js, steps.js and lists.js;
// what they change goes through work.js.

import { play, soundsAreOn, turnSounds } from "../desk_sound.js";
import { cardActions, drawCard, drawWalkIn, submitArrival, takeCard } from "./card.js";
import { flushDrafts, keepDraft } from "./drafts.js";
import { scansPiece, visitsPiece } from "./lists.js";
import { lockNow, opened } from "./lock.js";
import { Courier } from "./outbox.js";
import { closeCamera, listen, offerCamera, showCamera, turnLight } from "./scan.js";
import { clear, focusOnWork, into, keepingFocus, piece, show } from "./screens.js";
import { ask } from "./server.js";
import { swapTo } from "./shell.js";
import { drawStatus } from "./status.js";
import { drawVisit, followStep, redrawVisit, stepActions, submitStep, takePad } from "./steps.js";
import { trainingOf } from "./training.js";
import { isBehind } from "./visit.js";
import { word } from "./words.js";
import { Work } from "./work.js";

const DESK = { screen: "desk" };
const REFRESH_AFTER = 60;
const SCREENS = { desk: drawDesk, card: drawCard, walk_in: drawWalkIn, visit: drawVisit };

// `work` is the training's while one is on; `real` waits meanwhile, and goes on sending.
export const app = { work: null, real: null, place: DESK, go, complain, inform };
let places = [DESK];
let drawing = 0;
let refreshing = 0;
let wasConnected = false;

async function begin() {
  const vault = await opened();
  const courier = new Courier(vault.id, vault);
  const work = new Work({ vault, courier, ask });
  courier.addEventListener("change", refreshSoon);
  courier.addEventListener("pack", ({ detail }) => { work.setPack(detail); drawStatus(app.work); });
  courier.addEventListener("verdict", ({ detail }) => doing(work.heard(detail)));
  work.addEventListener("visit", refreshSoon);
  work.addEventListener("change", refreshSoon);
  await work.open();
  Object.assign(app, { work, real: work });
  doing(courier.start());
  const place = (await work.setting("place")) ?? DESK;
  if (place.card) place.card.waits = false; // nobody was asked for so long
  const visit = work.visits.get(place.person);
  if (visit && isBehind(visit, place.step)) delete place.step; // it was entered before the browser died
  places = [place];
  history.replaceState({ index: 0 }, "");
  await draw(place);
}

document.addEventListener("desk:locked", () => {
  app.real?.courier.stop();
  Object.assign(app, { work: null, real: null, place: DESK });
  places = [DESK];
  closeCamera();
  clear();
  said("");
  drawStatus(null);
  doing(begin());
});

// Opens a place of the app: { screen, … }. `replace` puts it where the present one was.
async function go(place, { replace = false } = {}) {
  const { index = 0 } = history.state ?? {};
  if (replace) {
    places[index] = place;
  } else {
    places = places.slice(0, index + 1);
    places[index + 1] = place;
    history.pushState({ index: index + 1 }, "");
  }
  await flushDrafts();
  await draw(place);
}

window.addEventListener("popstate", ({ state }) => {
  if (app.work) doing(draw(places[state?.index ?? 0] ?? DESK));
});

async function draw(place) {
  const { work } = app;
  if (!work) return;
  const turn = ++drawing;
  said("");
  closeCamera();
  const arrived = place.card && [...work.visits.values()].find(({ scan }) => scan === place.card.scan);
  app.place = arrived ? { screen: "visit", person: arrived.person } : place;
  const main = document.getElementById("main");
  main.setAttribute("aria-busy", "true");
  await SCREENS[app.place.screen](app, app.place);
  if (turn !== drawing) return;
  main.removeAttribute("aria-busy");
  drawStatus(app.work);
  focusOnWork();
  doing(offerCamera());
  hearOfVisit();
  if (app.work === work) doing(work.keepSetting("place", app.place));
}

function drawDesk({ work }) {
  show(piece("screen-desk", { training: work.isTraining, real: !work.isTraining }));
  into("lists", visitsPiece(work), scansPiece(work));
}

// The server said something, of one visit or of two hundred: what is on the screen follows, once.
function refreshSoon() {
  refreshing ||= setTimeout(() => {
    refreshing = 0;
    drawStatus(app.work);
    if (!app.work || app.work !== app.real) return;
    if (app.work.isConnected && !wasConnected) hearOfVisit(); // it came back before the network did
    wasConnected = app.work.isConnected;
    if (app.place.screen === "desk") doing(keepingFocus(() => into("lists", visitsPiece(app.work), scansPiece(app.work))));
    if (app.place.screen === "visit" && app.place.shown) doing(redrawVisit(app, app.place));
  }, REFRESH_AFTER);
}

// Someone comes back to a visit, perhaps from the server's own page: what was done there is heard.
function hearOfVisit() {
  if (app.work && !document.hidden && app.place.screen === "visit") {
    doing(app.work.hearOf(app.work.visits.get(app.place.person)));
  }
}
document.addEventListener("visibilitychange", hearOfVisit);
window.addEventListener("focus", hearOfVisit);

const ACTIONS = {
  ...cardActions,
  ...stepActions,
  lock: () => lockNow(),
  desk: () => go(DESK),
  language: (_, { dataset }) => swapTo(dataset.language).catch(() => complain(word("language-not-kept"))),
  online: (_, { dataset }) => openOnline(dataset.path),
  sounds() {
    turnSounds(!soundsAreOn());
    if (soundsAreOn()) play("read");
    drawStatus(app.work);
  },
  async training() {
    app.work = await trainingOf(app.real);
    places = [];
    await go(DESK);
  },
  async "leave-training"() {
    app.work = app.real;
    places = [];
    await go(DESK);
  },
};
const BUTTONS = { camera: showCamera, "camera-off": closeCamera, light: turnLight };

// The server's own pages, in the name of the person this device belongs to.
async function openOnline(path) {
  try {
    await ask("/session", { method: "POST", key: app.real.vault.facts.key });
  } catch {
    complain(word("online-needs-network"));
    return;
  }
  if (!window.open(path, "_blank")) location.assign(path);
}

document.addEventListener("click", (event) => {
  if (!app.work) return;
  const pressed = event.target.closest("[data-action], #camera, #camera-off, #light, main a[href^='/desk/visits/']");
  if (!pressed) return;
  event.preventDefault();
  pressed.closest("details.app-menu")?.removeAttribute("open");
  const { action } = pressed.dataset;
  if (action) doing(ACTIONS[action](app, pressed));
  else if (BUTTONS[pressed.id]) doing(BUTTONS[pressed.id](pressed));
  else doing(followStep(app, pressed));
});

document.addEventListener("submit", (event) => {
  if (!app.work || !event.target.closest("#main")) return;
  event.preventDefault();
  doing(submitted(event.target, event.submitter));
});

async function submitted(form, button) {
  await flushDrafts();
  await (form.id === "arrive" ? submitArrival(app, form, button) : submitStep(app, form));
}

document.addEventListener("input", ({ target }) => {
  const form = target.form;
  if (app.work && form?.matches("#main form:not(#scan, [data-busy])")) keepDraft(app.work, app.place, form);
});

document.addEventListener("desk:swapped", () => {
  if (app.work) doing(draw(app.place));
});

listen((text) => doing(take(text)));

async function take(text) {
  if (!app.work || (await takePad(app, text))) return;
  await takeCard(app, text);
}

function complain(text) { said(text && piece("notice-error", { text })); }
function inform(text) { said(text && piece("notice-done", { text })); }

function said(notice) {
  document.getElementById("said")?.replaceChildren(notice);
}

// What goes wrong on the way is said: nothing has been confirmed then.
async function doing(work) {
  try {
    await work;
  } catch (reason) {
    if (reason.name === "Locked") return;
    console.error(reason);
    complain(word(reason.name === "QuotaExceededError" ? "no-space" : "not-kept"));
    play("refused");
  }
}

doing(begin());
