// Carries sealed events to the server, oldest first, one request at a time, and believes only what it was told:
// an event is delivered when an answer that parses names its id, and not before that is on the disk.
// It needs no PIN: a locked or wiped device delivers too.

import { toBase64url } from "./envelope.js";
import { Away, Refused, answerTo, ask } from "./server.js";
import { database, ofKeeper, writing } from "./store.js";
import { verdictOf, wipe } from "./vault.js";

const AT_ONCE = 50;
const MOST_BYTES = 120_000; // of base64: a slow network carries that in PATIENCE
const PATIENCE = 20_000;
const FIRST_PAUSE = 2_000;
const LONGEST_PAUSE = 60_000;
const HEARTBEAT = 60_000; // so that a lock from afar arrives
const DAY = 86_400_000;
const KEPT_FOR = 35 * DAY; // a server restored from its oldest backup asks for them again
const LATE_AFTER = 5 * DAY;
const PACK_EVERY = 3_600_000;
const PACK_PATIENCE = 30_000;
const UNREACHED = new Set(["away", "slow", "server", "garbled"]);
const OUTCOMES = new Set(["accepted", "conflict", "refused"]);

// "change": the state is another; "verdict": one event was answered (detail); "pack": a new list (detail);
// "revoked": the server took this device out of service, and everything readable was wiped.
export class Courier extends EventTarget {
  state = {
    waiting: 0, delivered: 0, oldest: null, late: false, lastSuccess: null, lastFailure: null,
    online: null, skew: 0, device: "active",
  };
  #id; #vault; #timer = 0; #isRunning = false; #isSending = false; #again = false; #hasHope = false;
  #atOnce = AT_ONCE; #pause = FIRST_PAUSE; #packAt = 0; #packTimer = 0;

  constructor(id, vault = null) {
    super();
    this.#id = id;
    this.#vault = vault;
  }

  async start() {
    if (this.#isRunning) return;
    this.#isRunning = true;
    addEventListener("online", this.nudge);
    document.addEventListener("visibilitychange", this.#seen);
    this.#vault?.addEventListener("kept", this.#kept);
    await this.#forgetOld();
    await this.#look();
    if (!this.#isRunning) return;
    this.nudge();
    this.#freshen();
  }

  stop() {
    this.#isRunning = false;
    clearTimeout(this.#timer);
    clearTimeout(this.#packTimer);
    removeEventListener("online", this.nudge);
    document.removeEventListener("visibilitychange", this.#seen);
    this.#vault?.removeEventListener("kept", this.#kept);
  }

  // Try now. While a request is under way: once more right after it, also when that one fails, for the network may have
  // come back meanwhile.
  nudge = () => this.#try(true);

  // Something more to send is no sign of a network.
  #kept = () => this.#try(false);

  #try(hasHope) {
    if (!this.#isRunning) return;
    if (this.#isSending) {
      this.#again = true;
      this.#hasHope ||= hasHope;
      return;
    }
    clearTimeout(this.#timer);
    this.#round();
  }

  // Of these events the verdicts there are, by id; also those that came while the device was locked.
  async verdicts(ids) {
    const db = await database();
    const found = await Promise.all(ids.map((id) => db.getFromIndex("events", "id", id)));
    return Object.fromEntries(found.filter((row) => row?.outcome).map((row) => [row.id, verdictOf(row)]));
  }

  // Events as they were sent; those that this device has forgotten are left out.
  async sealed(ids) {
    const db = await database();
    const found = await Promise.all(ids.map((id) => db.getFromIndex("events", "id", id)));
    return found.filter(Boolean).map(({ id, seq, sealed }) => ({ id, seq, sealed: toBase64url(sealed) }));
  }

  #seen = () => {
    if (document.hidden) return;
    this.nudge();
    if (Date.now() - this.#packAt > PACK_EVERY) this.#freshen();
  };

  async #round() {
    this.#isSending = true;
    this.#again = this.#hasHope = false;
    let pause;
    try {
      pause = await this.#send();
      this.#pause = FIRST_PAUSE;
      this.#atOnce = AT_ONCE;
    } catch (reason) {
      await this.#note(reason);
      if (this.#hasHope) this.#pause = FIRST_PAUSE;
      pause = this.#pause * (0.5 + Math.random() / 2);
      this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE);
      this.#atOnce = Math.max(1, Math.floor(this.#atOnce / 2)); // a slow network may carry a smaller load
      this.#again = this.#hasHope;
    }
    this.#isSending = false;
    if (!this.#isRunning) return;
    if (this.#again) pause = 0;
    this.#timer = setTimeout(this.nudge, pause);
  }

  // One request. Resolves to how long to wait for the next.
  async #send() {
    const keeper = await (await database()).get("keepers", this.#id);
    if (!keeper) return HEARTBEAT;
    const [rows, waiting] = await this.#load();
    if (keeper.wiped && !rows.length && keeper.heardOfWipe) return HEARTBEAT;
    const sentAt = Date.now();
    const answer = await ask("/events", {
      method: "POST",
      timeout: PATIENCE,
      key: this.#vault?.facts?.key, // what it says of itself is believed by this, also when it sends nothing
      body: {
        device_id: this.#id,
        clock: new Date(sentAt).toISOString(),
        epoch: keeper.epoch ?? null,
        known_to: keeper.knownTo,
        waiting,
        last_problem: this.#problem(),
        events: rows.map(({ id, seq, sealed }) => ({ id, seq, sealed: toBase64url(sealed) })),
      },
    });
    const skew = Date.parse(answer.now) - (sentAt + Date.now()) / 2;
    if (!Array.isArray(answer.verdicts) || Number.isNaN(skew)) throw new Away("garbled");
    const verdicts = believed(answer.verdicts, rows);
    const again = await this.#keepAnswer(answer, verdicts);
    Object.assign(this.state, { skew: Math.round(skew), online: true, device: answer.device ?? "active" });
    await this.#look();
    for (const verdict of verdicts) this.dispatchEvent(new CustomEvent("verdict", { detail: verdict }));
    if (answer.device === "revoked") await this.#endHere();
    if (answer.epoch !== keeper.epoch && keeper.epoch) this.#freshen();
    if (again) return FIRST_PAUSE;
    // An answer without verdicts is no progress: the next try has to wait its turn.
    if (rows.length && !verdicts.length) throw new Away(answer.left?.[0]?.code ?? "garbled");
    return this.state.waiting ? 0 : HEARTBEAT;
  }

  // Why the last try failed, until one works.
  #problem() {
    const { lastFailure, lastSuccess } = this.state;
    return lastFailure && !(lastSuccess > lastFailure.at) ? lastFailure.cause : null;
  }

  // What one request carries, and of how many it is a part.
  async #load() {
    const db = await database();
    const range = IDBKeyRange.only([this.#id, 1]);
    const waiting = await db.countFromIndex("events", "waiting", range);
    const rows = await db.getAllFromIndex("events", "waiting", range, this.#atOnce);
    let bytes = 0;
    const fitting = rows.filter(({ sealed }) => (bytes += 150 + Math.ceil(sealed.length * 4 / 3)) <= MOST_BYTES);
    return [fitting.length ? fitting : rows.slice(0, 1), waiting];
  }

  // Verdicts, epoch and what must be sent again, in one transaction. True when something must.
  #keepAnswer(answer, verdicts) {
    return writing(async ({ keepers, events }) => {
      const keeper = await keepers.get(this.#id);
      if (!keeper) return false;
      let from = typeof answer.resend_from === "number" ? answer.resend_from : null;
      if (from === null && keeper.epoch && answer.epoch && answer.epoch !== keeper.epoch) from = 0;
      let isAgain = false;
      if (from !== null) {
        const range = IDBKeyRange.bound([this.#id, from], [this.#id, []]);
        for (const row of await events.getAll(range)) {
          if (row.waiting) continue;
          await events.put({ ...row, waiting: 1 });
          isAgain = true;
        }
        keeper.knownTo = Math.min(keeper.knownTo, Math.max(0, from - 1));
      }
      const answeredAt = Date.now();
      for (const { seq, outcome, code, flags } of verdicts) {
        const { waiting, ...row } = await events.get([this.#id, seq]);
        await events.put({ ...row, outcome, code, flags, answeredAt });
        keeper.knownTo = Math.max(keeper.knownTo, seq);
      }
      if (answer.epoch) keeper.epoch = answer.epoch;
      keeper.lastSuccess = answeredAt;
      if (keeper.wiped) keeper.heardOfWipe = true;
      await keepers.put(keeper);
      return isAgain;
    });
  }

  async #note(reason) {
    const cause = causeOf(reason);
    if (UNREACHED.has(cause)) this.state.online = false;
    const lastFailure = { at: Date.now(), cause };
    this.state.lastFailure = lastFailure;
    try {
      await writing(async ({ keepers }) => {
        const keeper = await keepers.get(this.#id);
        if (keeper) await keepers.put({ ...keeper, lastFailure });
      });
      await this.#look();
    } catch {
      this.#tell(); // with no room even for this, the screen still says it
    }
    if (cause === "device") reportError(reason); // our own mistake: said aloud, and tried again
  }

  // What the disk says, not what this page remembers.
  async #look() {
    const db = await database();
    const keeper = await db.get("keepers", this.#id);
    if (!keeper) return;
    const range = IDBKeyRange.only([this.#id, 1]);
    const waiting = await db.countFromIndex("events", "waiting", range);
    const [first] = await db.getAllFromIndex("events", "waiting", range, 1);
    const oldest = first?.keptAt ?? null;
    Object.assign(this.state, {
      waiting, oldest,
      delivered: keeper.seq - waiting,
      late: oldest !== null && Date.now() - oldest > LATE_AFTER,
      lastSuccess: keeper.lastSuccess ?? null,
      lastFailure: keeper.lastFailure ?? null,
    });
    this.#tell();
  }

  #tell() { this.dispatchEvent(new Event("change")); }

  async #forgetOld() {
    const limit = Date.now() - KEPT_FOR;
    await writing(async ({ keepers, events }) => {
      let left = 0;
      for (const row of await events.getAll(ofKeeper(this.#id))) {
        if (!row.waiting && row.answeredAt < limit) await events.delete([this.#id, row.seq]);
        else left += 1;
      }
      const keeper = await keepers.get(this.#id);
      if (keeper?.wiped && !left && keeper.heardOfWipe) await keepers.delete(this.#id);
    });
  }

  async #freshen() {
    clearTimeout(this.#packTimer);
    if (!this.#vault || this.#vault.isLocked) return;
    try {
      await this.#fetchPack();
      this.#packAt = Date.now();
      this.#packTimer = setTimeout(() => this.#freshen(), PACK_EVERY);
    } catch (reason) {
      if (reason instanceof Refused && reason.code === "device_revoked") return this.#endHere();
      if (reason instanceof Refused && reason.code === "unknown_device") {
        this.state.device = "unknown"; // a restored server may not know it: nothing is wiped
        this.#tell();
      }
      if (!this.#isRunning) return;
      this.#packTimer = setTimeout(() => this.#freshen(), LONGEST_PAUSE * (0.5 + Math.random() / 2));
    }
  }

  async #fetchPack() {
    const { key } = this.#vault.facts;
    const kept = await this.#vault.read("pack", "current");
    const { value, tag } = await answerTo("/pack", { key, ifNoneMatch: kept?.tag, timeout: PACK_PATIENCE });
    if (!value) return;
    if (!Array.isArray(value.coupons) || !value.protocol) throw new Away("garbled");
    const pack = { ...value, tag };
    await this.#vault.keep([{ kind: "pack", id: "current", value: pack }]);
    this.dispatchEvent(new CustomEvent("pack", { detail: pack }));
  }

  async #endHere() {
    const keeper = await (await database()).get("keepers", this.#id);
    this.state.device = "revoked";
    if (!keeper || keeper.wiped) return;
    const key = this.#vault?.facts?.key;
    await wipe(this.#id, "revoked");
    this.#tell();
    this.dispatchEvent(new Event("revoked"));
    if (key) await ask("/wiped", { method: "POST", key }).catch(() => {}); // whoever locked it hears that it worked
  }
}

// Verdicts on what was sent just now, and nothing else the answer may hold.
function believed(verdicts, rows) {
  const sent = new Map(rows.map(({ id, seq }) => [id, seq]));
  return verdicts
    .filter((each) => each && sent.get(each.id) === each.seq && OUTCOMES.has(each.outcome))
    .map(({ id, seq, outcome, code, flags }) => (
      { id, seq, outcome, code: code ?? null, flags: Array.isArray(flags) ? flags : [] }
    ));
}

function causeOf(reason) {
  if (reason instanceof Away) return reason.cause;
  if (reason instanceof Refused) return reason.code;
  return reason?.name === "QuotaExceededError" ? "full" : "device";
}
