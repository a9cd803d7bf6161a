// Practising: cards that are visibly fake, a store that is only in memory, a courier that carries nothing.
// Leaving it forgets everything.

import { lessonOf } from "../desk_codes.js";
import { dayAfter, markOf, read } from "./judge.js";
import { Work } from "./work.js";

const VERDICTS = {
  good: "good", used_before: "already_redeemed", expired: "expired", not_yet: "not_yet_active",
  ended: "void", mistyped: "mistyped_code", unknown: "unknown_coupon",
};
const PAD = 3;

export async function trainingOf(real) {
  const vault = new Memory(real.vault.facts, real.pack);
  return new Training({ vault, courier: new NoCourier(), ask: null, isTraining: true }).open();
}

class Training extends Work {
  async judge(text) {
    const { shape, name } = read(text);
    const lesson = lessonOf(text);
    const verdict = lesson ? VERDICTS[lesson] : shape === "" || shape === "slip" ? "mistyped_code" : "real";
    const mark = await markOf(name);
    const again = verdict === "good" && this.used.get(mark);
    const facts = again ? { used_at: again } : factsOf(verdict, this.today());
    return { scan: crypto.randomUUID(), at: new Date().toISOString(), shape, name, mark, verdict: again ? "already_redeemed" : verdict, facts };
  }

  async judgePad(text) {
    const { name } = read(text);
    const mark = await markOf(name);
    if (lessonOf(text) !== "good") return { code: lessonOf(text) ? "unknown_pad" : "not_a_pad", name };
    const marks = [mark, ...Array.from({ length: PAD - 1 }, (_, each) => `${mark}${each}`)];
    return { code: "good", marks, name };
  }
}

function factsOf(verdict, today) {
  if (verdict === "already_redeemed") return { used_at: `${dayAfter(today, -1)}T10:30:00Z` };
  if (verdict === "expired") return { usable_until: dayAfter(today, -20) };
  if (verdict === "not_yet_active") return { usable_from: dayAfter(today, 2) };
  return {};
}

// As a vault answers, and gone with the page.
class Memory {
  #records = new Map();

  constructor(facts, pack) {
    this.facts = { ...facts, key: "" };
    this.#records.set("pack", new Map([["current", pack && { ...pack, coupons: [], pads: [] }]]));
  }

  async read(kind, id) { return structuredClone(this.#records.get(kind)?.get(id)); }
  async all(kind) { return [...(this.#records.get(kind)?.values() ?? [])].map((value) => structuredClone(value)); }

  async keep(records, events = []) {
    for (const { kind, id, value } of records) {
      if (!this.#records.has(kind)) this.#records.set(kind, new Map());
      if (value === null) this.#records.get(kind).delete(id);
      else this.#records.get(kind).set(id, structuredClone(value));
    }
    return events.map(({ id }) => ({ id, seq: 0 }));
  }
}

class NoCourier extends EventTarget {
  state = { waiting: 0, delivered: 0, lastSuccess: null, lastFailure: null, online: false, skew: 0, device: "active" };
  nudge() {}
  start() {}
  stop() {}
  async verdicts() { return {}; }
}
