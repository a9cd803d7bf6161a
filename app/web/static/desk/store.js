// The browser's database: keepers (who may open it), their sealed records, and their sealed events.
// Every write is on the disk before it is answered: durability "strict".

import { openDB } from "../vendor/idb/index.js";

const NAME = "pdi-desk";
const VERSION = 1;
const STORES = ["keepers", "records", "events"];

let opening = null;

export function database() {
  opening ??= openDB(NAME, VERSION, {
    upgrade(db) {
      db.createObjectStore("keepers", { keyPath: "id" });
      const records = db.createObjectStore("records", { keyPath: ["keeper", "name"] });
      records.createIndex("kind", ["keeper", "kind", "order"]);
      const events = db.createObjectStore("events", { keyPath: ["keeper", "seq"] });
      events.createIndex("id", "id");
      // An event that has its verdict has no `waiting`, and is not in this index.
      events.createIndex("waiting", ["keeper", "waiting"]);
    },
    // A later version of the app opens in another tab: let it.
    blocking() { opening?.then((db) => db.close()); opening = null; },
    terminated() { opening = null; },
  }).catch((reason) => {
    opening = null;
    throw reason;
  });
  return opening;
}

// One transaction over everything. `work` may await nothing but the stores it is given.
export async function writing(work) {
  const db = await database();
  const transaction = db.transaction(STORES, "readwrite", { durability: "strict" });
  const [keepers, records, events] = STORES.map((name) => transaction.objectStore(name));
  try {
    const result = await work({ keepers, records, events });
    await transaction.done;
    return result;
  } catch (reason) {
    try { transaction.abort(); } catch { /* it ended by itself */ }
    await transaction.done.catch(() => {});
    throw reason;
  }
}

// All that belongs to a keeper, whatever else the keys hold.
export const ofKeeper = (id) => IDBKeyRange.bound([id], [id, []]);

// Ask the browser not to clear what is kept when space gets short. Some ask the person, some decide alone.
export async function persist() {
  try { return await navigator.storage.persist(); } catch { return false; }
}
