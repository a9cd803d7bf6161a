// A visit on the screen: its steps, the form of the one that is open, and what the server said about it.

import { play } from "../desk_sound.js";
import { closeCamera, say } from "./scan.js";
import { fieldsOf, focusOnWork, into, keepingFocus, once, piece, refill, refresh, show } from "./screens.js";
import { notePieces } from "./notes.js";
import { clockText, dayText, inLanguage, tagOf, word } from "./words.js";
import { isBehind, nextStep, openable, steps } from "./visit.js";
import { draftOf } from "./work.js";

const YOUNGEST = 10;

export async function drawVisit(app, place) {
  const { work } = app;
  const visit = work.visits.get(place.person);
  if (!visit) return app.go({ screen: "desk" }, { replace: true });
  const step = currentStep(visit, place.step);
  place.step = place.shown = step; // the way back leads to it
  show(piece("screen-visit", {
    tag: tagOf(visit.person), at: clockText(visit.at, work.timezone), no_card: visit.came === "walk_in",
    provisional: visit.judged === "not_known_here" && !visit.verdicts[visit.scan], undo: work.canUndo(visit), undone: visit.undone, begun: visit.screened,
  }));
  into("notes", ...notePieces(visit));
  if (visit.undone) return undefined;
  into("steps", stepsPiece(visit, step));
  return drawStep(app, visit, step, place);
}

// What the server said changes notes, steps and what can be done now; what is being filled in stays as it is.
export async function redrawVisit(app, place) {
  const visit = app.work.visits.get(place.person);
  const isOver = OUTSIDE.has(place.shown) && drawnAs !== stateOf(visit); // nothing is being filled in there
  if (visit.undone || isOver || !openable(visit).includes(place.shown)) {
    if (!(await keepingFocus(() => drawVisit(app, place)))) focusOnWork();
    return;
  }
  await keepingFocus(() => {
    into("notes", ...notePieces(visit));
    into("steps", stepsPiece(visit, place.shown));
    refresh(document.getElementById("main"), liveFacts(app.work, visit));
  });
}

// What can be done on the server's own pages, and how it stood when it was drawn.
const OUTSIDE = new Set(["stipend", "bundle"]);
const stateOf = (visit) => [visit.person, visit.has_bundle, visit.paid].join();
let drawnAs = "";

const currentStep = (visit, wanted) =>
  openable(visit).includes(wanted) ? wanted : nextStep(visit, visit.passed);

function stepsPiece(visit, current) {
  const list = piece("visit-steps");
  const mayOpen = openable(visit);
  const order = steps(visit);
  const isPassed = (step) => order.indexOf(step) < order.indexOf(current);
  const isDone = (step) => (step === "stipend" ? visit.fee || visit.paid : isBehind(visit, step));
  for (const item of list.querySelectorAll("li")) {
    const { step } = item.dataset;
    const button = item.querySelector("button");
    if (!order.includes(step)) { item.remove(); continue; }
    if (isDone(step)) item.classList.add("done");
    else if (isPassed(step)) item.classList.add("skipped");
    if (!isDone(step)) item.querySelector(".visually-hidden").remove();
    if (step === current) item.setAttribute("aria-current", "step");
    const isLocked = step === "knowledge_test" && visit.tested;
    button.disabled = step === current || isLocked || !mayOpen.includes(step);
  }
  return list;
}

async function drawStep(app, visit, step, place) {
  const { work } = app;
  drawnAs = stateOf(visit);
  const { fee } = work.rules;
  const slot = into("work", piece(`step-${step}`, {
    ineligible: visit.standing === "ineligible", declined: visit.consented === false,
    trained: visit.trained, untrained: !visit.trained,
    fee_given: visit.fee, amount: inLanguage(fee?.text), paid: visit.paid,
    has_cards: visit.has_bundle && visit.handed, has_printed: visit.has_bundle && !visit.handed, needs_cards: !visit.has_bundle, finished: nextStep(visit, visit.passed) === "done",
    unfinished: nextStep(visit, visit.passed) !== "done",
    tag: tagOf(visit.person), until: dayText(visit.until), number: visit.handed ?? "",
    none_left: !visit.has_bundle && visit.trained && work.rules.bundle_size === 0,
    untaught: !visit.has_bundle && !visit.trained,
    scan_pad: !visit.has_bundle && visit.trained && work.rules.bundle_size > 0 && !place.pad,
  }));
  refresh(slot, liveFacts(work, visit));
  for (const each of slot.querySelectorAll("[data-path]")) each.dataset.path = each.dataset.path.replace("PERSON", visit.person);
  if (step === "bundle" && place.pad) into("pad", piece("pad-found", padFacts(work, place.pad)));
  const form = slot.querySelector("form[action]");
  if (!form || form.id === "scan") return;
  fit(form, step, visit);
  refill(form, (await work.draft(draftOf(visit.person, step)))?.fields);
}

// What depends on the network: money and printing are the server's as soon as it has everything of this visit.
function liveFacts(work, visit) {
  const online = work.isDelivered(visit) && work.isConnected && !work.isTraining;
  const mayHaveFee = work.rules.fee && work.may("pay_stipend") && visit.judged === "good" && visit.interviewed;
  const fee = Boolean(mayHaveFee) && !visit.fee && !visit.paid && !online;
  const pays = online && !visit.paid;
  return { online, pays, waits: !online && !visit.paid, fee, offered: fee || pays, later: !fee && !pays };
}

// What a form of the server's pages cannot know here.
function fit(form, step, visit) {
  if (step === "eligibility") form.elements.age.min = YOUNGEST;
  if (step === "interview" && visit.came !== "recruit") form.querySelector("[name=relationship]")?.closest("fieldset").remove();
  if (step !== "services") return;
  form.elements.request_id.value = crypto.randomUUID();
  for (const [name, amount] of Object.entries(visit.given)) {
    const field = form.elements[name];
    if (!field) continue;
    if (field.type !== "checkbox") {
      field.insertAdjacentElement("beforebegin", hint(word("given-so-far", { number: amount })));
      continue;
    }
    field.checked = field.disabled = true;
    field.after(piece("noted"));
  }
}

function hint(text) {
  const line = document.createElement("span");
  line.className = "hint";
  line.textContent = text;
  return line;
}

export async function submitStep(app, form) {
  const step = new URL(form.action).pathname.split("/").pop();
  const visit = app.work.visits.get(app.place.person);
  await once(form, async () => {
    await app.work.enter(visit, step, fieldsOf(form));
    await app.go({ screen: "visit", person: visit.person });
  });
}

// A link of the server's forms: ?step=… opens one, ?after=… leaves one out.
export async function followStep(app, link) {
  const asked = new URL(link.href).searchParams;
  const visit = app.work.visits.get(app.place.person);
  const passed = asked.get("after");
  if (passed) await app.work.pass(visit, passed);
  await app.go({ screen: "visit", person: visit.person, step: asked.get("step") ?? undefined });
}

const padFacts = (work, { given, until }) => ({ number: given, until: dayText(until), checked: true });

// At the step of the cards a scan means a pad. True when it was one, or was meant to be one.
export async function takePad(app, text) {
  const { place, work } = app;
  const visit = place.screen === "visit" ? work.visits.get(place.person) : null;
  if (!visit || place.shown !== "bundle" || visit.has_bundle) return false;
  const pad = await work.judgePad(text);
  if (pad.code === "training" && !work.isTraining) return false;
  if (pad.code === "not_a_pad") return false; // the next person's card
  play("read");
  if (pad.code !== "good") {
    await app.go({ ...place, pad: null }, { replace: true });
    say(word(`pad-${pad.code}`));
    play("refused");
    return true;
  }
  const given = Math.min(work.rules.bundle_size, pad.marks.length > 1 ? pad.marks.length : work.rules.bundle_size);
  await app.go({ ...place, pad: { coupon: pad.name, marks: pad.marks, given, until: work.lastDay() } }, { replace: true });
  play("accepted");
  return true;
}

export const stepActions = {
  async step(app, button) {
    await app.go({ screen: "visit", person: app.place.person, step: button.closest("[data-step]").dataset.step });
  },
  async visit(app, button) {
    await app.go({ screen: "visit", person: button.dataset.person });
  },
  async handed(app, button) {
    const { pad, person } = app.place;
    await once(button, async () => {
      await app.work.give(app.work.visits.get(person), pad);
      await app.go({ screen: "visit", person, step: "bundle" }, { replace: true });
    });
  },
  async "another-pad"(app) {
    await app.go({ ...app.place, pad: null }, { replace: true });
  },
  async fee(app, button) {
    const visit = app.work.visits.get(app.place.person);
    await once(button, async () => {
      await app.work.payFee(visit);
      await app.go({ screen: "visit", person: visit.person });
    });
  },
  async undo(app, button) {
    closeCamera();
    const visit = app.work.visits.get(button.dataset.person || app.place.person);
    if (!visit || !app.work.canUndo(visit)) return app.complain(word("too-late-to-undo"));
    return once(button, async () => {
      await app.work.undo(visit);
      await app.go({ screen: "desk" });
      app.inform(word("undone", { tag: tagOf(visit.person) }));
    });
  },
};
