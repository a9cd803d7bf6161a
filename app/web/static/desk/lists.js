// The desk's two lists: who is here today, and the last ten cards that were shown.

import { piece } from "./screens.js";
import { clockText, hasWord, tagOf, word } from "./words.js";
import { stateOf } from "./notes.js";

export function visitsPiece(work) {
  const list = piece("visits-here");
  const rows = work.visitsHere().map((visit) => {
    const state = stateOf(work, visit);
    const row = piece("visit-row", {
      tag: tagOf(visit.person),
      at: clockText(visit.at, work.timezone),
      state: word(`state-${state}`),
    });
    row.querySelector("button").dataset.person = visit.person;
    row.querySelector(".badge").classList.add(TONE[state]);
    if (visit.undone) row.querySelector("li").classList.add("is-undone");
    return row;
  });
  list.querySelector("ul").append(...rows);
  return rows.length ? list : "";
}

const TONE = { waiting: "info", sent: "good", look: "warn", undone: "neutral", training: "info" };

const GOOD = ["outcome-good", "outcome-accepted"];

// What became of a card: the server's word once it was heard, until then the device's.
function wordOf({ verdict, shape }, visit) {
  if (visit?.undone) return "state-undone";
  const final = visit?.mark ? visit.verdicts[visit.scan] : null; // without a mark it came without this card
  if (!final) return verdict === "not_known_here" && shape === "code" ? "outcome-typed" : `outcome-${verdict}`;
  if (final.outcome !== "refused") return `outcome-${final.outcome}`;
  return hasWord(`outcome-${final.code}`) ? `outcome-${final.code}` : "state-look";
}

export function scansPiece(work) {
  const list = piece("last-scans");
  const rows = work.scans.map((scan) => {
    const visit = work.visits.get(scan.person);
    const undone = Boolean(visit?.undone);
    const said = wordOf(scan, visit);
    const row = piece("scan-row", {
      at: clockText(scan.at, work.timezone),
      tail: scan.tail,
      verdict: word(said),
      undo: Boolean(visit && work.canUndo(visit)),
    });
    row.querySelector(".badge").classList.add(GOOD.includes(said) ? "good" : "warn");
    if (undone) row.querySelector("li").classList.add("is-undone");
    const undo = row.querySelector("[data-action=undo]");
    if (undo) undo.dataset.person = scan.person;
    return row;
  });
  list.querySelector("ul").append(...rows);
  return rows.length ? list : "";
}
