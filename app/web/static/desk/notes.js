// What the server said about a visit that a desk should know: kind words, and what to do now.

import { piece } from "./screens.js";
import { hasWord, word } from "./words.js";

const ASKS = ["possible_duplicate", "possible_self_recruitment"];

// "waiting", "sent", "look" (the server said something that wants to be read), "undone" or "training".
export function stateOf(work, visit) {
  if (work.isTraining) return "training";
  if (visit.undone) return "undone";
  if (notesOf(visit).length) return "look";
  return work.isDelivered(visit) ? "sent" : "waiting";
}

// The names of the notes of a visit: each has a title and an advice among the words.
export function notesOf(visit) {
  const notes = [];
  for (const { id, kind } of visit.events) {
    const verdict = visit.verdicts[id];
    if (!verdict) continue;
    if (verdict.outcome === "conflict") notes.push("conflict");
    notes.push(...ASKS.filter((flag) => verdict.flags.includes(flag)));
    if (verdict.outcome === "refused") notes.push(named(kind, verdict.code));
  }
  return [...new Set(notes)];
}

// A refusal by its own name, or by that of the step it met.
function named(kind, code) {
  if (hasWord(`note-${code}`)) return code;
  if (kind === "arrival") return "card_refused";
  return kind === "undo" || kind === "bundle" ? `${kind}_refused` : "step_refused";
}

export function notePieces(visit) {
  return notesOf(visit).map((name) => piece("visit-note", { title: word(`note-${name}`), advice: word(`advice-${name}`) }));
}
