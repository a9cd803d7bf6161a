// What one works with at this desk: the sealed store, the courier, the day's list, the visits. A training has its own.
// Everything that changes something is kept before it resolves; nothing here waits for a network but `look`.

import { dayAfter, judge, judgePad, listsOf, markOf, read } from "./judge.js";
import { begun, caughtUp, entered, passedBy } from "./visit.js";
import { dayAt } from "./words.js";

export const UNDO_WITHIN = 5 * 60_000;
const SCANS_KEPT = 10;
const DAYS_REMEMBERED = 40; // longer than a card can be used
const PATIENCE = 1_500;

export class Work extends EventTarget {
  // `ask` is how the server is asked; `isTraining` marks a work that leaves nothing behind.
  constructor({ vault, courier, ask, isTraining = false }) {
    super();
    Object.assign(this, { vault, courier, ask, isTraining });
    this.visits = new Map();
    this.scans = [];
    this.used = new Map();
    this.given = new Map();
    this.turn = Promise.resolve();
    this.missedAt = 0;
    this.setPack(null);
  }

  // Reads what this device kept, and what the server said while nobody was looking.
  async open() {
    this.setPack(await this.vault.read("pack", "current"));
    const [visits, scans, used, given] = await Promise.all(
      ["visit", "scan", "used", "given"].map((kind) => this.vault.all(kind)));
    for (const visit of visits) this.visits.set(visit.person, visit);
    this.scans = scans.toSorted((one, other) => (one.at < other.at ? 1 : -1));
    for (const { marks } of used) for (const [mark, at] of Object.entries(marks)) this.used.set(mark, at);
    for (const pad of given) for (const mark of pad.marks) this.given.set(mark, pad);
    await this.forgetOldDays(used, given);
    await this.catchUp();
    return this;
  }

  setPack(pack) {
    this.pack = pack ?? null;
    this.lists = listsOf(pack);
  }

  // Not since a question went unanswered, until the courier hears the server again: nobody waits for it a second time.
  get isConnected() {
    const { online, lastSuccess } = this.courier.state;
    return online === true && !(this.missedAt > lastSuccess);
  }
  get timezone() { return this.pack?.site.timezone ?? "UTC"; }
  get rules() { return this.pack?.protocol ?? { minimum_age: 18, grace_days: 0, validity_days: 30, activation_delay_days: 1, bundle_size: 3, fee: null }; }
  may(what) { return this.pack?.may?.includes(what) ?? false; }
  now() { return Date.now() + (this.courier.state.skew || 0); }
  today() { return dayAt(this.now(), this.timezone); }

  // Those of today, and those of which something still waits; the newest first.
  visitsHere() {
    const today = this.today();
    return [...this.visits.values()]
      .filter((visit) => visit.day === today || !this.isDelivered(visit))
      .sort((one, other) => (one.at < other.at ? 1 : -1));
  }

  isDelivered(visit) { return visit.events.every(({ id }) => visit.verdicts[id]); }

  // Reads a card on the device alone.
  async judge(text) {
    const { shape, name } = read(text);
    const mark = await markOf(name);
    const { lists, used, given } = this;
    const told = judge({ shape, mark, lists, used, given, today: this.today(), graceDays: this.rules.grace_days });
    return { scan: crypto.randomUUID(), at: new Date().toISOString(), shape, name, mark, ...told };
  }

  async judgePad(text) {
    const { shape, name } = read(text);
    const mark = await markOf(name);
    if (shape === "code") return { code: this.used.has(mark) ? "not_a_pad" : "good", marks: [mark], name };
    return { ...judgePad({ shape, mark, lists: this.lists, given: this.given }), name };
  }

  // Asks the server to look, and waits no longer than a queue can; null when it did not say. A refusal is kept there as
  // the answer to this question's id, so the arrival that may follow has another.
  async look({ coupon = null, uic = null }) {
    if (!this.isConnected) return null;
    const body = { id: crypto.randomUUID(), coupon, uic };
    try {
      return await this.ask("/look", { method: "POST", body, key: this.vault.facts.key, timeout: PATIENCE });
    } catch (reason) {
      if (reason.name === "Away") this.missedAt = Date.now();
      this.dispatchEvent(new Event("change"));
      this.courier.nudge(); // it will find out what is the matter
      return null;
    }
  }

  // Someone arrives, with a card (`card.serves`) or without.
  async arrive(card, { uic = "", notTheSame = [], lateReason = "" } = {}) {
    const { at } = card;
    const visit = begun({
      person: crypto.randomUUID(), scan: card.scan, at, day: dayAt(Date.parse(at) + (this.courier.state.skew || 0), this.timezone),
      tail: card.serves ? card.name.slice(-4) : "", judged: card.verdict, card: card.serves,
    });
    visit.mark = card.serves ? card.mark : null;
    const fields = { judged: card.verdict };
    if (card.serves) fields.coupon = card.name;
    if (uic) fields.uic = uic;
    if (notTheSame.length) fields.not_the_same = notTheSame.join(",");
    if (lateReason) fields.late_reason = lateReason;
    const scan = this.scans.find(({ id }) => id === card.scan);
    const records = [{ kind: "draft", id: "card", value: null }];
    if (scan) records.push({ kind: "scan", id: scan.id, value: { ...scan, person: visit.person } });
    if (visit.mark) records.push(this.usedRecord(visit.mark, at));
    const kept = await this.keepVisit(visit, (begun) => begun, { kind: "arrival", id: card.scan, at, fields }, records);
    if (scan) scan.person = visit.person;
    if (visit.mark) this.used.set(visit.mark, at);
    return kept;
  }

  async enter(visit, step, fields) {
    const draft = { kind: "draft", id: draftOf(visit.person, step), value: null };
    return this.keepVisit(visit, (now) => entered(now, step, fields, this.rules), { kind: step, fields }, [draft]);
  }

  async pass(visit, step) {
    return this.keepVisit(visit, (now) => passedBy(now, step));
  }

  // The day to write on cards that are handed out now.
  lastDay() { return dayAfter(this.today(), this.rules.validity_days); }

  // A pad was handed out: `marks` are its cards', `coupon` the one that was scanned.
  async give(visit, { coupon, marks, given }) {
    const from = dayAfter(this.today(), this.rules.activation_delay_days);
    const pad = { person: visit.person, marks, from, until: this.lastDay() };
    const fields = { coupon, given: String(given) };
    const kept = await this.keepVisit(
      visit,
      (now) => ({ ...entered(now, "bundle", fields, this.rules), until: pad.until, handed: given }),
      { kind: "bundle", fields }, [{ kind: "given", id: visit.person, value: pad }]);
    for (const mark of marks) this.given.set(mark, pad);
    return kept;
  }

  async payFee(visit) {
    const fields = { payment_id: crypto.randomUUID(), minor: String(this.rules.fee.minor) };
    return this.keepVisit(visit, (now) => ({ ...passedBy(now, "stipend"), fee: true }), { kind: "fee", fields });
  }

  canUndo(visit) {
    return !visit.undone && !visit.has_bundle && !visit.fee && Date.now() - Date.parse(visit.at) <= UNDO_WITHIN;
  }

  async undo(visit) {
    const records = visit.mark ? [this.usedRecord(visit.mark, null)] : [];
    const undone = new Date().toISOString();
    await this.keepVisit(visit, (now) => ({ ...now, undone }), { kind: "undo", fields: { scan: visit.scan } }, records);
    if (visit.mark) this.used.delete(visit.mark);
  }

  // A card was shown; the last ten are remembered, by their tail only.
  async noteScan({ scan: id, at, name, verdict, shape }) {
    const entry = { id, at, tail: name.slice(-4), verdict, shape };
    const others = this.scans.filter((each) => each.id !== id);
    const [kept, gone] = [others.slice(0, SCANS_KEPT - 1), others.slice(SCANS_KEPT - 1)];
    this.scans = [{ ...others.find((each) => each.id === id), ...entry }, ...kept];
    const removed = gone.map((each) => ({ kind: "scan", id: each.id, value: null }));
    await this.vault.keep([{ kind: "scan", id, value: this.scans[0] }, ...removed]);
  }

  // The server's last word on something done here.
  async heard({ id, outcome, code, flags }) {
    const visit = [...this.visits.values()].find(({ events }) => events.some((event) => event.id === id));
    if (!visit || !outcome || visit.verdicts[id]) return;
    const verdict = { outcome, code: code ?? null, flags: flags ?? [] };
    // The records know her as someone without a card: what follows is a visit without one.
    const isWalkIn = id === visit.scan && outcome === "refused" && !visit.has_bundle;
    const next = await this.keepVisit(visit, (now) => ({
      ...now, verdicts: { ...now.verdicts, [id]: verdict }, ...(isWalkIn ? { came: "walk_in", owed_minor: 0 } : {}),
    }));
    this.dispatchEvent(new CustomEvent("visit", { detail: next }));
  }

  async catchUp() {
    const ids = [...this.visits.values()].flatMap(({ events, verdicts }) =>
      events.map(({ id }) => id).filter((id) => !verdicts[id]));
    const said = ids.length ? await this.courier.verdicts(ids) : {};
    for (const [id, verdict] of Object.entries(said)) await this.heard({ ...verdict, id });
  }

  // What was done for her on the server's own pages meanwhile: cards printed, money handed out. Asked only when everything
  // of the visit is there, so that the answer never is behind what was entered here.
  async hearOf(visit) {
    if (!visit || visit.undone || this.isTraining || !this.isConnected || !this.isDelivered(visit)) return;
    const arrivals = await this.courier.sealed([visit.scan]);
    if (!arrivals.length) return;
    let answer;
    try {
      answer = await this.ask("/visits", { method: "POST", body: { arrivals }, key: this.vault.facts.key });
    } catch {
      return; // it can wait until somebody comes back to the visit
    }
    const said = answer?.visits?.find(({ id }) => id === visit.scan);
    const known = this.visits.get(visit.person);
    if (!said || !known || JSON.stringify(caughtUp(known, said)) === JSON.stringify(known)) return;
    const next = await this.keepVisit(known, (now) => (this.isDelivered(now) ? caughtUp(now, said) : now));
    this.dispatchEvent(new CustomEvent("visit", { detail: next }));
  }

  draft(id) { return this.vault.read("draft", id); }
  keepDraft(id, value) { return this.vault.keep([{ kind: "draft", id, value }]); }
  setting(id) { return this.vault.read("setting", id); }
  keepSetting(id, value) { return this.vault.keep([{ kind: "setting", id, value }]); }

  // One transaction: what is done, what is shown, what is sent. Changes of a visit come one after another, so that what
  // the server says meanwhile is not written over.
  keepVisit(visit, change, event = null, records = []) {
    const turn = this.turn.then(async () => {
      const next = change(this.visits.get(visit.person) ?? visit);
      const events = [];
      if (event) {
        events.push({ id: crypto.randomUUID(), ...event, person: visit.person });
        next.events = [...next.events, { id: events[0].id, kind: event.kind }];
      }
      await this.vault.keep([{ kind: "visit", id: next.person, value: next }, ...records], events);
      this.visits.set(next.person, next);
      return next;
    });
    this.turn = turn.catch(() => {});
    return turn;
  }

  usedRecord(mark, at) {
    const day = dayAt(Date.parse(at ?? this.used.get(mark)), this.timezone);
    const marks = Object.fromEntries([...this.used].filter(([, when]) => dayAt(Date.parse(when), this.timezone) === day));
    if (at) marks[mark] = at;
    else delete marks[mark];
    return { kind: "used", id: day, value: { day, marks } };
  }

  async forgetOldDays(used, given) {
    const [today, oldest] = [this.today(), dayAfter(this.today(), -DAYS_REMEMBERED)];
    const records = [
      ...used.filter(({ day }) => day < oldest).map(({ day }) => ({ kind: "used", id: day, value: null })),
      ...given.filter(({ until }) => until < oldest).map(({ person }) => ({ kind: "given", id: person, value: null })),
    ];
    for (const visit of this.visits.values()) {
      if (visit.day >= today || !this.isDelivered(visit)) continue;
      records.push({ kind: "visit", id: visit.person, value: null });
      this.visits.delete(visit.person);
    }
    if (records.length) await this.vault.keep(records);
  }
}

export const draftOf = (person, step) => `${person}:${step}`;
