// What a device knows, sealed under a key that a PIN opens, and what was done on it, sealed to the server.
// Five wrong PINs wipe everything readable; sealed events stay until they are delivered.

import { bytesOf, joined, seal, sha256Hex, toBase64url } from "./envelope.js";
import { ask } from "./server.js";
import { database, ofKeeper, persist, writing } from "./store.js";

export const TRIES = 5;
export const DIGITS = 6;
const ROUNDS = 600_000;
const ENROL_PATIENCE = 30_000;

export class WrongPin extends Error {
  constructor(left) {
    super("wrong pin");
    this.name = "WrongPin";
    this.left = left;
  }
}
export class Wiped extends Error { name = "Wiped"; }
export class Locked extends Error { name = "Locked"; }

const open = new Map(); // the vaults this page holds keys of, by keeper
const judging = new Set(); // keepers whose PIN is being tried just now

// Who can be asked for a PIN on this browser, and what of theirs still waits to be sent.
export async function keepers() {
  const db = await database();
  for (const each of await db.getAll("keepers")) {
    // The browser was closed while the last try was being judged.
    if (!each.wiped && each.tries >= TRIES && !judging.has(each.id)) await wipe(each.id, "pin");
  }
  const rows = await db.getAll("keepers");
  return Promise.all(rows.map(async ({ id, label, username, site, wiped, wipedAt, tries }) => ({
    id, label, username, site, wiped: wiped ?? false, wipedAt: wipedAt ?? 0, left: Math.max(0, TRIES - (tries ?? 0)),
    waiting: await db.countFromIndex("events", "waiting", [id, 1]),
  })));
}

// Why a PIN is too easy to guess, or null: "short", "letters", "same", "row" or "repeated".
export function weakness(pin) {
  if (/\D/.test(pin)) return "letters";
  if (pin.length < DIGITS) return "short";
  if (/^(\d)\1*$/.test(pin)) return "same";
  const steps = new Set(Array.from(pin.slice(1), (digit, at) => (digit - pin[at] + 10) % 10));
  if (steps.size === 1) return "row";
  if (/^(\d{1,3})\1+$/.test(pin) || /^((\d)\2)+$/.test(pin)) return "repeated";
  return null;
}

// Make this browser a device. The secret works once, so nothing that can fail here is left for after it was spent.
export async function enrol(secret, pin, password, { onStep = () => {} } = {}) {
  if (weakness(pin)) throw new RangeError("a PIN as weak as this is not taken");
  await database();
  await persist();
  onStep("sealing");
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const wrapping = await wrappingKey(pin, salt, ROUNDS);
  const secretBytes = crypto.getRandomValues(new Uint8Array(32));
  const keys = await keysFrom(secretBytes);
  const nonce = crypto.getRandomValues(new Uint8Array(12));
  const wrapped = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce }, wrapping, secretBytes));
  secretBytes.fill(0);
  onStep("asking");
  const browser = browserInWords(navigator.userAgent);
  const given = await ask("/enrol", { method: "POST", body: { secret, password, browser }, timeout: ENROL_PATIENCE });
  onStep("keeping");
  const { device_id: id, key, server_key: serverKey, label, username, site, programme, epoch } = given;
  const facts = { deviceId: id, key, serverKey, label, username, site, programme };
  const record = await sealedRecord(keys, id, { kind: "device", id: "facts", value: facts });
  await writing(async (stores) => {
    await stores.keepers.put({
      id, label, username, site: nameOf(site), serverKey, epoch, salt, rounds: ROUNDS, nonce, wrapped,
      tries: 0, order: 1, seq: 0, head: "", knownTo: 0,
    });
    await stores.records.put({ ...record, order: 1 });
  });
  return new Vault(id, keys, facts);
}

// Open with a PIN. The try is counted on the disk before it is judged, so that no try is free.
// Raises WrongPin with how many tries are left, or Wiped.
export async function unlock(id, pin) {
  judging.add(id);
  try {
    const keeper = await writing(async (stores) => {
      const row = await stores.keepers.get(id);
      if (!row || row.wiped) throw new Wiped();
      row.tries += 1;
      await stores.keepers.put(row);
      return row;
    });
    const keys = keeper.tries <= TRIES ? await opened(keeper, pin) : null;
    if (!keys && keeper.tries >= TRIES) {
      await wipe(id, "pin");
      throw new Wiped();
    }
    if (!keys) throw new WrongPin(TRIES - keeper.tries);
    await writing(async (stores) => {
      const row = await stores.keepers.get(id);
      if (row && !row.wiped) await stores.keepers.put({ ...row, tries: 0 });
    });
    const vault = new Vault(id, keys);
    vault.facts = await vault.read("device", "facts");
    if (!vault.facts) throw new Wiped();
    return vault;
  } finally {
    judging.delete(id);
  }
}

// Keys, lists and open visits go; sealed events stay until they are delivered. `why`: pin, revoked or asked.
export async function wipe(id, why = "asked") {
  await writing(async (stores) => {
    const row = await stores.keepers.get(id);
    if (!row) return;
    const { label, site, serverKey, epoch, seq, head, knownTo, lastSuccess, lastFailure } = row;
    await stores.records.delete(ofKeeper(id));
    await stores.keepers.put({
      id, label, username: "", site, serverKey, epoch, seq, head, knownTo, lastSuccess, lastFailure,
      wiped: row.wiped ?? why, wipedAt: row.wipedAt ?? Date.now(),
    });
  });
  open.get(id)?.lock();
}

// The keys of one keeper, in memory only. Values are what JSON can say.
// "kept": events were written; "locked": the keys are gone.
export class Vault extends EventTarget {
  #keys;
  #writing = Promise.resolve();

  constructor(id, keys, facts) {
    super();
    this.id = id;
    this.facts = facts;
    this.#keys = keys;
    open.get(id)?.lock();
    open.set(id, this);
  }

  get isLocked() { return !this.#keys; }

  async read(kind, id) {
    const keys = this.#unlocked();
    const name = await nameFor(keys, kind, id);
    const row = await (await database()).get("records", [this.id, name]);
    return row && valueOf(keys, row);
  }

  // Oldest first.
  async all(kind) {
    const keys = this.#unlocked();
    const range = IDBKeyRange.bound([this.id, kind], [this.id, kind, []]);
    const rows = await (await database()).getAllFromIndex("records", "kind", range);
    return Promise.all(rows.map((row) => valueOf(keys, row)));
  }

  // Write records (a value of null deletes) and events in one transaction. After this resolves nothing is lost
  // that it was given. An event kept before is not kept again: it answers with its first number.
  keep(records, events = []) {
    const kept = this.#writing.then(() => this.#keep(records, events));
    this.#writing = kept.catch(() => {});
    return kept;
  }

  // Of every event still on this device: what became of it, `outcome` null while it waits.
  async verdicts() {
    const rows = await (await database()).getAll("events", ofKeeper(this.id));
    return rows.map(verdictOf);
  }

  lock() {
    if (!this.#keys) return;
    this.#keys = null;
    this.facts = null;
    if (open.get(this.id) === this) open.delete(this.id);
    this.dispatchEvent(new Event("locked"));
  }

  #unlocked() {
    if (!this.#keys) throw new Locked();
    return this.#keys;
  }

  async #keep(records, events) {
    const keys = this.#unlocked();
    const { facts } = this;
    const rows = await Promise.all(records.map((record) => sealedRecord(keys, this.id, record)));
    const db = await database();
    for (;;) {
      const before = await db.get("keepers", this.id);
      if (!before || before.wiped) throw new Locked();
      const [sealed, head] = await sealedEvents(db, facts, before, events);
      const kept = await writing(async (stores) => {
        const keeper = await stores.keepers.get(this.id);
        if (!keeper || keeper.wiped) throw new Locked();
        if (keeper.seq !== before.seq) return null; // another tab numbered events meanwhile
        for (const row of rows) await putRecord(stores.records, keeper, row);
        for (const { row } of sealed) {
          if (row) await stores.events.add(row);
        }
        keeper.seq += sealed.filter(({ row }) => row).length;
        keeper.head = head;
        await stores.keepers.put(keeper);
        return sealed.map(({ id, seq }) => ({ id, seq }));
      });
      if (!kept) continue;
      if (kept.length) this.dispatchEvent(new CustomEvent("kept", { detail: kept }));
      return kept;
    }
  }
}

export const verdictOf = ({ id, seq, outcome = null, code = null, flags = [] }) => ({ id, seq, outcome, code, flags });

async function sealedEvents(db, facts, keeper, events) {
  let { seq, head } = keeper;
  const sealed = [];
  for (const { id = crypto.randomUUID(), kind, person, fields, at } of events) {
    const earlier = await db.getFromIndex("events", "id", id);
    if (earlier) {
      sealed.push({ id, seq: earlier.seq, row: null });
      continue;
    }
    seq += 1;
    const event = {
      v: 1, key: facts.key, at: at ?? new Date().toISOString(), previous: head,
      kind, person, site: codeOf(facts.site), fields,
    };
    const { deviceId, serverKey } = facts;
    const bytes = await seal(bytesOf(JSON.stringify(event)), { serverKey, deviceId, eventId: id, seq });
    head = await sha256Hex(bytes);
    sealed.push({ id, seq, row: { keeper: keeper.id, seq, id, sealed: bytes, keptAt: Date.now(), waiting: 1 } });
  }
  return [sealed, head];
}

async function putRecord(records, keeper, row) {
  const at = [row.keeper, row.name];
  if (!row.sealed) {
    await records.delete(at);
    return;
  }
  const earlier = await records.get(at);
  if (!earlier) keeper.order += 1;
  await records.put({ ...row, order: earlier?.order ?? keeper.order });
}

async function sealedRecord(keys, keeper, { kind, id, value }) {
  const name = await nameFor(keys, kind, id);
  if (value === null || value === undefined) return { keeper, name, sealed: null };
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const plain = bytesOf(JSON.stringify(value));
  const algorithm = { name: "AES-GCM", iv, additionalData: bytesOf(`${keeper}|${name}`) };
  const sealed = new Uint8Array(await crypto.subtle.encrypt(algorithm, keys.data, plain));
  return { keeper, name, kind, sealed: joined(iv, sealed) };
}

async function valueOf(keys, { keeper, name, sealed }) {
  const algorithm = { name: "AES-GCM", iv: sealed.slice(0, 12), additionalData: bytesOf(`${keeper}|${name}`) };
  const plain = await crypto.subtle.decrypt(algorithm, keys.data, sealed.slice(12));
  return JSON.parse(new TextDecoder().decode(plain));
}

// Ids are people: on the disk a record is called by a keyed digest.
async function nameFor(keys, kind, id) {
  return toBase64url(new Uint8Array(await crypto.subtle.sign("HMAC", keys.names, bytesOf(`${kind}|${id}`))));
}

async function opened(keeper, pin) {
  const wrapping = await wrappingKey(pin, keeper.salt, keeper.rounds);
  try {
    const secret = new Uint8Array(
      await crypto.subtle.decrypt({ name: "AES-GCM", iv: keeper.nonce }, wrapping, keeper.wrapped),
    );
    const keys = await keysFrom(secret);
    secret.fill(0);
    return keys;
  } catch {
    return null;
  }
}

async function wrappingKey(pin, salt, iterations) {
  const typed = await crypto.subtle.importKey("raw", bytesOf(pin), "PBKDF2", false, ["deriveKey"]);
  return crypto.subtle.deriveKey(
    { name: "PBKDF2", hash: "SHA-256", salt, iterations },
    typed, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"],
  );
}

async function keysFrom(secret) {
  const root = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveKey"]);
  const by = (info) => ({ name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: bytesOf(info) });
  const [data, names] = await Promise.all([
    crypto.subtle.deriveKey(by("pdi/desk/data/1"), root, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]),
    crypto.subtle.deriveKey(by("pdi/desk/names/1"), root, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]),
  ]);
  return { data, names };
}

const codeOf = (site) => (typeof site === "string" ? site : site.code);
const nameOf = (site) => (typeof site === "string" ? site : site.name ?? site.code);

// Enough to tell two phones apart on the page of devices.
export function browserInWords(agent) {
  const name = /(Firefox|Edg|OPR|SamsungBrowser|Chrome|Safari)\/(\d+)/.exec(agent.replace(/Chrome\/\S+ (?=.*(Edg|OPR)\/)/, ""));
  const system = /Android \d+|Windows|Mac OS X|iPhone|iPad|CrOS|Linux/.exec(agent);
  return [name && `${name[1]} ${name[2]}`, system?.[0]].filter(Boolean).join(", ").slice(0, 80) || "?";
}
