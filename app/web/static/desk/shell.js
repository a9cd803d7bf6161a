// The app's page in every language, kept by the browser so that it opens, and changes language, without a network.
// A shell holds no person: the worker may keep it in clear.

import { Away } from "./server.js";

const PREFIX = "pdi-desk-shells-";
const STATE = "pdi-desk-state";
const PAGE = "/desk";
const LANGUAGE = "/desk/language"; // for pages of every version
const PATIENCE = 15_000;

const addressOf = (language) => `/desk/app/${language}`;

export const language = () => document.documentElement.lang;

// The cache of the shells that belong to this page's own files.
const cacheOf = (version) => caches.open(PREFIX + version);
const currentCache = () => cacheOf(document.documentElement.dataset.version ?? "");

// Keep the shells of all languages. Resolves to the version they are of; raises Away without a network.
// They are used from the next opening on, together with the files of their version.
export async function fetchShells(key, languages, chosen = language()) {
  const answers = await Promise.all(languages.map((each) => fetchShell(key, each)));
  const [version] = answers.map(({ headers }) => headers.get("X-Desk-Version"));
  if (!version || answers.some(({ headers }) => headers.get("X-Desk-Version") !== version)) throw new Away("garbled");
  const cache = await cacheOf(version);
  const page = answers[Math.max(0, languages.indexOf(chosen))].clone();
  for (const [at, answer] of answers.entries()) await cache.put(addressOf(languages[at]), answer);
  await cache.put(PAGE, page); // last: with it, the set is whole
  return version;
}

// Put the other language's page in place of this one. Scripts stay: what they know stays with them.
// Raises Away when that language is not kept here.
export async function swapTo(chosen) {
  const cache = await currentCache();
  const kept = await cache.match(addressOf(chosen));
  if (!kept) throw new Away("away");
  const html = await kept.text();
  await openIn(chosen);
  replace(new DOMParser().parseFromString(html, "text/html"));
}

// The language of the next opening.
export async function openIn(chosen) {
  await (await caches.open(STATE)).put(LANGUAGE, new Response(chosen));
}

function replace(other) {
  const { lang, dir } = other.documentElement;
  Object.assign(document.documentElement, { lang, dir });
  document.title = other.title;
  const scripts = document.body.querySelectorAll(":scope > script");
  const fresh = Array.from(other.body.children).filter((each) => each.localName !== "script");
  document.body.replaceChildren(...fresh.map((each) => document.importNode(each, true)), ...scripts);
  document.dispatchEvent(new Event("desk:swapped"));
}

async function fetchShell(key, language) {
  const address = `/desk/app?language=${language}`;
  const headers = { Authorization: `Bearer ${key}` };
  let answer;
  try {
    answer = await fetch(address, { headers, cache: "no-store", redirect: "error", signal: AbortSignal.timeout(PATIENCE) });
  } catch {
    throw new Away("away");
  }
  if (!answer.ok || !answer.headers.get("Content-Type")?.startsWith("text/html")) throw new Away("server", answer.status);
  const body = await answer.blob();
  return new Response(body, { headers: answer.headers });
}
