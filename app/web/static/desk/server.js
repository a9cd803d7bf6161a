// Asks the server, and tells "not reached" from "refused": only the second is an answer.

const API = "/api/v1/desk";
const PATIENCE = 4_000;

// No answer, or none that can be trusted. `cause`: away, slow, server or garbled.
export class Away extends Error {
  constructor(cause, status = 0) {
    super(cause);
    this.name = "Away";
    this.cause = cause;
    this.status = status;
  }
}

// The server understood and said no. `facts` are the problem document's other members.
export class Refused extends Error {
  constructor(status, { code, ...facts }) {
    super(code);
    this.name = "Refused";
    this.status = status;
    this.code = code;
    this.facts = facts;
  }
}

// What the server answered, parsed; null where it had nothing to add (204, 304).
export async function ask(path, options = {}) {
  return (await answerTo(path, options)).value;
}

// The same with the tag by which one may ask again later.
export async function answerTo(path, { method = "GET", body, key, timeout = PATIENCE, ifNoneMatch } = {}) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers.Authorization = `Bearer ${key}`;
  if (ifNoneMatch) headers["If-None-Match"] = ifNoneMatch;
  const signal = AbortSignal.timeout(timeout);
  let response, text;
  try {
    response = await fetch(API + path, {
      method, headers, signal, cache: "no-store", redirect: "error",
      // /session answers with a log-in's cookie, and every request belongs to this address.
      credentials: "same-origin",
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    text = await response.text();
  } catch (reason) {
    throw new Away(reason.name === "TimeoutError" || signal.aborted ? "slow" : "away");
  }
  const tag = response.headers.get("ETag");
  if (response.status === 204 || response.status === 304) return { value: null, tag };
  if (response.status >= 500) throw new Away("server", response.status);
  const value = parsed(text);
  if (response.ok && isRecord(value)) return { value, tag };
  // A café's log-in page is neither a yes nor a no.
  if (!response.ok && isRecord(value) && typeof value.code === "string") throw new Refused(response.status, value);
  throw new Away("garbled", response.status);
}

function parsed(text) {
  try { return JSON.parse(text); } catch { return undefined; }
}

const isRecord = (value) => typeof value === "object" && value !== null;
