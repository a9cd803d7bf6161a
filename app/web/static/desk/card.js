// A card was shown: say what it is worth, ask whether the person came before, and welcome her.

import { play } from "../desk_sound.js";
import { say } from "./scan.js";
import { fieldsOf, into, once, piece, refill, show } from "./screens.js";
import { dayText, inLanguage, momentText, word } from "./words.js";

const SERVES = ["good", "not_known_here"];
const TUNE = { good: "accepted", not_known_here: "attention", not_yet_active: "attention", training: "attention" };
const SHORTEST_CODE = 4;

// From the scan to the verdict: the device's own word at once, the server's when it comes in time.
export async function takeCard(app, text) {
  play("read");
  const { work } = app;
  const card = await work.judge(text);
  if (card.verdict === "mistyped_code") {
    if (app.place.screen !== "desk") await app.go({ screen: "desk" });
    say(word("unreadable"));
    play("refused");
    return;
  }
  const isAsked = work.isConnected && card.verdict !== "training";
  card.serves = SERVES.includes(card.verdict);
  // A card this device cannot judge waits a moment for the server rather than change its colour under her eyes.
  const waits = isAsked && card.verdict === "not_known_here";
  await tell(app, { ...card, waits });
  if (!isAsked) return;
  const said = await work.look({ coupon: card.name });
  if (app.place.card?.scan !== card.scan || app.place.screen !== "card") return;
  if (said?.verdict && (said.verdict !== card.verdict || waits)) await tell(app, supersede(card, said));
  else if (waits) await tell(app, card);
  else if (Object.keys(said?.facts ?? {}).length) await app.go({ screen: "card", card: supersede(card, said) }, { replace: true });
}

function supersede(card, { verdict, facts = {} }) {
  return { ...card, verdict, facts, waits: false, serves: SERVES.includes(verdict) };
}

async function tell(app, card) {
  const isSame = app.place.card?.scan === card.scan;
  await app.go({ screen: "card", card }, { replace: isSame });
  if (card.waits) return;
  play(TUNE[card.verdict] ?? "refused");
  await app.work.noteScan(card);
}

export async function drawCard(app, { card, known }) {
  const { work } = app;
  if (card.waits) {
    show(piece("screen-card"));
    into("verdict", piece("verdict-waits"));
    return;
  }
  const { verdict, facts, serves } = card;
  const late = verdict === "expired" && Boolean(facts.late_until) && work.may("accept_late");
  show(piece("screen-card", { refused: !serves && !["training", "real"].includes(verdict) && !known && !late, real: verdict === "real", way: !serves && late }));
  into("verdict", known ? piece("verdict-known", {}) : piece(`verdict-${worded(card)}`, {
    when: momentText(facts.used_at, work.timezone),
    used_at: facts.used_at,
    from: dayText(facts.usable_from), has_from: facts.usable_from, until: dayText(facts.usable_until),
    late_until: facts.late_until, late: dayText(facts.late_until), over: !facts.late_until, no_from: !facts.usable_from,
  }));
  if (known) into("work", knownPiece(app, known, card));
  else if (serves || late) await drawArrival(app, { late, button: late ? "late" : "card" });
}

const WITH_WORDS = ["good", "not_known_here", "already_redeemed", "expired", "not_yet_active", "void", "lost", "wrong_programme", "training", "real"];
// Typed digits were looked for in no list.
function worded({ verdict, shape }) {
  if (verdict === "not_known_here" && shape === "code") return "typed";
  return WITH_WORDS.includes(verdict) ? verdict : "unknown_coupon";
}

// Someone without a card, or with one that earns nothing.
export async function drawWalkIn(app, { known, card }) {
  show(piece("screen-walk-in"));
  if (known) into("work", knownPiece(app, known, card));
  else await drawArrival(app, { button: "walk-in" });
}

async function drawArrival(app, { late = false, button }) {
  const slot = into("work", piece("arrival", { late, card: button === "card", accept: button === "late", none: button === "walk-in" }));
  const draft = await app.work.draft("card");
  if (draft?.scan === app.place.card?.scan) refill(slot.querySelector("form"), draft?.fields);
}

function knownPiece(app, known, { code }) {
  const list = piece("known", { own: code === "self_recruitment", other: code !== "self_recruitment" });
  const rows = known.map((match) => {
    const row = piece("known-row", { day: dayText(match.came_on), site: siteText(app.work, match.site) });
    row.querySelector("[data-action]").dataset.path = `/desk/visits/${match.participant_id}`;
    return row;
  });
  rows[0].querySelector("[data-action]").setAttribute("data-focus", "");
  list.querySelector("ul").append(...rows);
  return list;
}

// This desk's own site by its name, another by its code.
function siteText({ pack }, code) {
  return pack?.site.code === code ? inLanguage(pack.site.name) : code;
}

// "Has this person been here before?" was answered.
export async function submitArrival(app, form, button) {
  const fields = fieldsOf(form);
  const uic = button?.name === "no_code" ? "" : fields.uic ?? "";
  if (uic && lettersOf(uic) < SHORTEST_CODE) {
    app.complain(word("short-code"));
    form.elements.uic.focus();
    return;
  }
  // "No code given" leaves the code out, not the reason.
  if (form.elements.late_reason && !form.elements.late_reason.reportValidity()) return;
  await once(form, () => arrive(app, { uic, lateReason: fields.late_reason ?? "" }));
}

async function arrive(app, { uic, lateReason, notTheSame = [] }) {
  const { work, place } = app;
  const card = place.screen === "walk_in"
    ? { ...place.card, serves: false, at: place.card?.at ?? new Date().toISOString() }
    : { ...place.card, serves: true };
  if (!notTheSame.length && uic) {
    const said = await work.look({ coupon: card.serves ? card.name : null, uic });
    if (app.place !== place) return; // another card was scanned meanwhile
    if (said?.known?.length) {
      const asking = { ...place, known: said.known, card: { ...place.card, uic, lateReason, code: said.verdict } };
      await app.go(asking, { replace: true });
      play("attention");
      return;
    }
    if (card.serves && said?.verdict && !SERVES.includes(said.verdict) && !lateReason) {
      await tell(app, supersede(place.card, said));
      return;
    }
  }
  const visit = await work.arrive(card, { uic, lateReason, notTheSame });
  await app.go({ screen: "visit", person: visit.person }, { replace: true });
}

export const cardActions = {
  // No, none of these is the person.
  async "not-the-same"(app, button) {
    const { card, known } = app.place;
    const notTheSame = known.map((match) => match.participant_id);
    await once(button, () => arrive(app, { uic: card.uic, lateReason: card.lateReason, notTheSame }));
  },
  async "without-card"(app) {
    await app.go({ screen: "walk_in", card: app.place.card });
  },
  async "walk-in"(app) {
    await app.go({ screen: "walk_in", card: { scan: crypto.randomUUID(), at: new Date().toISOString(), verdict: "no_card", name: "", facts: {} } });
  },
};

// Letters and digits as the server counts them, once signs and accents are folded away.
function lettersOf(text) {
  return text.normalize("NFKD").replace(/[^\p{L}\p{N}]|[ьъ]/giu, "").length;
}
