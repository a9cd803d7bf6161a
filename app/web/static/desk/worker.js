// Opens the desk without a network. The server puts BUILD before this text: the version of the static files and
// their addresses. What it keeps: those files, and pages that hold no person (see shell.js).
//
// A page is served with the files of its own version. A newer version is used from the next opening on, once its
// files and its pages are both here, so that an update never cuts off an open visit.

/* global BUILD */

const FILES = "pdi-desk-files-";
const SHELLS = "pdi-desk-shells-";
const STATE = "pdi-desk-state";
const PAGE = "/desk";
const IN_USE = "/desk/version-in-use";
const LANGUAGE = "/desk/language";
const WHOLE = "/desk/files-are-whole";

self.addEventListener("install", (event) => {
  event.waitUntil(keepFiles());
  self.skipWaiting(); // the worker may change at any time: it serves what is in use, not what is new
});

self.addEventListener("activate", (event) => {
  event.waitUntil(self.clients.claim());
});

async function keepFiles() {
  const cache = await caches.open(FILES + BUILD.version);
  if (await cache.match(WHOLE)) return;
  await Promise.all(BUILD.files.map((path) => keep(cache, path)));
  await cache.put(WHOLE, new Response());
}

async function keep(cache, path) {
  const answer = await fetch(path, { cache: "reload" });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  await cache.put(path, answer);
}

// Large, and not needed to open: the camera's decoder.
async function keepLater() {
  const version = await inUse();
  if (version !== BUILD.version) return;
  const cache = await caches.open(FILES + version);
  for (const path of BUILD.later) {
    if (!(await cache.match(path))) await keep(cache, path).catch(() => {});
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  if (pathname.startsWith("/static/")) event.respondWith(file(event, pathname));
  else if (request.mode === "navigate" && pathname === PAGE) {
    const page = open(event);
    event.respondWith(page);
    event.waitUntil(page.then(keepLater));
  } else if (request.mode === "navigate" && pathname.startsWith(`${PAGE}/`)) event.respondWith(onlinePage(event));
});

// The app gets what belongs to its page; the server's own pages get what the server has now.
async function file({ request, clientId }, path) {
  if (await isApp(clientId)) return await keptFile(path) ?? fetch(request);
  try {
    return await fetch(request);
  } catch (reason) {
    const kept = await keptFile(path);
    if (kept) return kept;
    throw reason;
  }
}

// A page asks for thirty files at once: what is the same for all is looked up once.
const apps = new Map(); // whether a client is the app, by id
let files = null; // the opened cache of the version in use

async function isApp(clientId) {
  if (!apps.has(clientId)) {
    const client = await self.clients.get(clientId);
    if (!client) return false;
    apps.set(clientId, new URL(client.url).pathname === PAGE);
  }
  return apps.get(clientId);
}

async function keptFile(path) {
  files ??= inUse().then((version) => version && caches.open(FILES + version));
  return (await files || undefined)?.match(path);
}

// On a browser that is no device there is no kept page, and the desk is the server's.
async function open(event) {
  const version = await versionToOpen(event);
  files = null;
  return await shellOf(version) ?? fetch(event.request);
}

async function onlinePage(event) {
  try {
    return await fetch(event.request);
  } catch (reason) {
    const shell = await shellOf(await inUse());
    if (shell) return shell;
    throw reason;
  }
}

// In the language that was chosen last, on whatever version's page that was.
async function shellOf(version) {
  const cacheName = SHELLS + version;
  const chosen = await (await caches.match(LANGUAGE, { cacheName: STATE }))?.text();
  return (chosen && await caches.match(`/desk/app/${chosen}`, { cacheName })) || caches.match(PAGE, { cacheName });
}

async function inUse() {
  const kept = await caches.match(IN_USE, { cacheName: STATE });
  return kept ? kept.text() : "";
}

// Changes to the newest whole version when no other page of the app is open, and throws the older ones away.
async function versionToOpen(event) {
  const version = await inUse();
  if (version === BUILD.version && await isWhole(version)) return version;
  const newest = await newestWhole();
  if (!newest || newest === version) return version;
  const pages = await self.clients.matchAll({ type: "window" });
  const others = pages.filter(({ id, url }) => id !== event.clientId && new URL(url).pathname === PAGE);
  if (version && others.length) return version;
  await (await caches.open(STATE)).put(IN_USE, new Response(newest));
  for (const name of await caches.keys()) {
    const isOurs = name.startsWith(FILES) || name.startsWith(SHELLS);
    if (isOurs && !name.endsWith(`-${newest}`) && !name.endsWith(`-${BUILD.version}`)) await caches.delete(name);
  }
  return newest;
}

// This worker's own version; else, where its pages never came, any that can be opened.
async function newestWhole() {
  if (await isWhole(BUILD.version)) return BUILD.version;
  const version = await inUse();
  if (version && await isWhole(version)) return version;
  for (const name of await caches.keys()) {
    const other = name.startsWith(SHELLS) && name.slice(SHELLS.length);
    if (other && await isWhole(other)) return other;
  }
  return "";
}

async function isWhole(version) {
  const found = [[WHOLE, FILES], [PAGE, SHELLS]].map(([path, kind]) => caches.match(path, { cacheName: kind + version }));
  return (await Promise.all(found)).every(Boolean);
}
