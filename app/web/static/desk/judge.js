// What a card is worth, judged on the device alone: the day's list, and what this device itself has seen and given.
// Verdicts have the names the server gives them; `not_known_here` is the device's own: it cannot say, and serves.

import { digitsOf, judge as shapeOf, tokenIn } from "../desk_codes.js";

const LABEL = "pdi-desk-1";
const MARK = 8;
const ENDED = { redeemed: "already_redeemed", lost: "lost", void: "void", refused: "void" };

// What was typed or scanned: its shape ("code", "token", "slip", "training" or "") and the one name it goes by.
export function read(text) {
  const shape = shapeOf(text);
  const name = shape === "token" ? tokenIn(text) : digitsOf(text) ?? text.trim();
  return { shape, name };
}

// The mark a card has in the list: eight bytes that cannot be read back, as text.
export async function markOf(name) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(LABEL + name));
  return String.fromCharCode(...new Uint8Array(digest, 0, MARK));
}

// The list as the server packed it, laid out for looking up.
export function listsOf(pack) {
  const coupons = new Map();
  const pads = new Map();
  for (const { status, from, until, marks } of pack?.coupons ?? []) {
    const coupon = { status, from, until };
    for (const mark of cut(marks)) coupons.set(mark, coupon);
  }
  for (const { size, marks } of pack?.pads ?? []) {
    const all = cut(marks);
    for (let start = 0; start < all.length; start += size) {
      const pad = all.slice(start, start + size);
      for (const mark of pad) pads.set(mark, pad);
    }
  }
  return { coupons, pads, completeUntil: pack?.complete_until ?? "" };
}

// `used` and `given` say what happened here: mark → when it was taken in, mark → { from, until } of a handed-out card.
// `today` is the day at the site.
export function judge({ shape, mark, lists, used, given, today, graceDays = 0 }) {
  if (shape === "training") return told("training");
  if (shape !== "token" && shape !== "code") return told("mistyped_code");
  if (used.has(mark)) return told("already_redeemed", { used_at: used.get(mark) });
  if (shape === "code") return told("not_known_here"); // digits are few enough to be guessed, so no list holds them
  const coupon = lists.coupons.get(mark) ?? given.get(mark);
  if (coupon) return byDates(coupon, today, graceDays);
  const isComplete = today <= lists.completeUntil;
  if (isComplete && lists.pads.has(mark)) return told("not_yet_active");
  return told(isComplete ? "unknown_coupon" : "not_known_here");
}

function byDates({ status = "issued", from, until }, today, graceDays) {
  if (ENDED[status]) return told(ENDED[status]);
  if (today < from) return told("not_yet_active", { usable_from: from });
  if (today <= until) return told("good");
  const lateUntil = dayAfter(until, graceDays);
  return told("expired", { usable_until: until, ...(today <= lateUntil ? { late_until: lateUntil } : {}) });
}

// Whether a pad can be handed out: the marks of its cards, or why not.
export function judgePad({ shape, mark, lists, given }) {
  if (shape !== "token") return { code: shape === "training" ? "training" : "scan_the_pad" };
  if (given.has(mark)) return { code: "pad_already_given" };
  if (lists.coupons.has(mark)) return { code: "not_a_pad" };
  const marks = lists.pads.get(mark);
  return marks ? { code: "good", marks } : { code: "unknown_pad" };
}

export function dayAfter(day, days) {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}

function told(verdict, facts = {}) {
  return { verdict, facts };
}

function cut(marks) {
  const bytes = atob(marks);
  return Array.from({ length: bytes.length / MARK }, (_, each) => bytes.slice(each * MARK, (each + 1) * MARK));
}
