// What is being typed is kept, sealed, with every key: a browser that dies loses none of it.

import { draftIn } from "./screens.js";
import { draftOf } from "./work.js";

let saving = null;
let next = null;

// The draft that belongs to a place of the app.
export function draftAt(place) {
  if (place.screen === "visit") return draftOf(place.person, place.shown);
  return ["card", "walk_in"].includes(place.screen) ? "card" : null;
}

export function keepDraft(work, place, form) {
  const id = draftAt(place);
  if (!id) return;
  next = { work, id, value: { scan: place.card?.scan ?? null, fields: draftIn(form) } };
  saving ??= save();
}

// One at a time; of several keys pressed meanwhile the last has them all.
async function save() {
  while (next) {
    const { work, id, value } = next;
    next = null;
    await work.keepDraft(id, value).catch(() => {}); // the vault was locked under her hands, or there is no space
  }
  saving = null;
}

// Everything typed so far is on the disk when this resolves.
export async function flushDrafts() {
  await saving;
}
