// Puts templates of the shell on the screen: nothing here knows what a visit is.

import { fillIn } from "./words.js";

const main = () => document.getElementById("main");

// A copy of a template with its {facts} filled in and every [data-when] shown or left out.
export function piece(id, facts = {}) {
  const copy = document.getElementById(id).content.cloneNode(true);
  for (const each of copy.querySelectorAll("[data-when]")) {
    if (!facts[each.dataset.when]) each.remove();
  }
  return fillIn(copy, facts);
}

// Shows and hides what changes while a screen stands: [data-live] names the fact it goes by.
export function refresh(root, facts) {
  for (const each of root.querySelectorAll("[data-live]")) each.hidden = !facts[each.dataset.live];
}

export function show(...pieces) {
  main().replaceChildren(...pieces);
  window.scrollTo(0, 0);
  return main();
}

export function clear() {
  main().replaceChildren();
}

export function into(slot, ...pieces) {
  const place = main().querySelector(`[data-slot="${slot}"]`);
  place?.replaceChildren(...pieces);
  return place;
}

// The keyboard goes where the work goes on: a marked element, the first field that is empty, or the heading.
export function focusOnWork(root = main()) {
  const fields = [...root.querySelectorAll("form.card :is(input:not([type=hidden]), select, textarea)")];
  const marked = [...root.querySelectorAll("[data-focus]")].find((each) => each.checkVisibility());
  const target = marked ?? fields.find((each) => !each.disabled);
  (target ?? main()).focus({ preventScroll: Boolean(target?.matches("#scanned")) });
  return target;
}

// Draws something anew and leaves the keyboard on what stands where it was. Gives whether it could.
export async function keepingFocus(draw) {
  const was = nameOf(document.activeElement);
  await draw();
  const all = was ? [...main().querySelectorAll("a, button, input, select, textarea")] : [];
  const now = all.find((each) => nameOf(each) === was && each.checkVisibility());
  if (now !== document.activeElement) now?.focus({ preventScroll: true });
  return Boolean(now);
}

function nameOf(element) {
  if (!main().contains(element)) return "";
  const { id, dataset } = element;
  const step = element.closest("[data-step]")?.dataset.step;
  return [id, element.name, element.getAttribute("href"), dataset.action, step, element.textContent.trim()].join(" ");
}

// What a form holds, as the web form would send it: every name once, nothing of the page's own.
export function fieldsOf(form) {
  const fields = {};
  for (const [name, value] of new FormData(form)) {
    if (name !== "csrf" && typeof value === "string" && value.trim() !== "") fields[name] = value.trim();
  }
  return fields;
}

// Everything typed, for a draft: also what is not well-formed yet.
export function draftIn(form) {
  const draft = {};
  for (const each of form.elements) {
    if (!each.name || each.name === "csrf" || each.type === "submit" || each.disabled) continue;
    if (["radio", "checkbox"].includes(each.type)) {
      if (each.checked) draft[each.name] = each.value;
    } else if (each.value) draft[each.name] = each.value;
  }
  return draft;
}

export function refill(form, draft) {
  for (const [name, value] of Object.entries(draft ?? {})) {
    for (const each of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
      if (["radio", "checkbox"].includes(each.type)) each.checked = each.value === value;
      else each.value = value;
    }
  }
}

// One button or form, pressed once until its work is done.
export async function once(element, work) {
  if (element.dataset.busy) return;
  element.dataset.busy = "yes";
  try {
    await work();
  } finally {
    delete element.dataset.busy;
  }
}
