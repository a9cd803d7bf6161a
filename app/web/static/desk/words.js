// What the app says, and how it writes days and times: the words are the shell's, in the language it was rendered in.

const PLACE = /\{(\w+)\}/g;

const language = () => document.documentElement.lang || "en";
const dates = () => language().replace(/^en$/, "en-GB"); // as the server's pages write them: 4 March 2026, 14:05

// A text of the shell's; "" when there is none of that name.
export function word(name, facts = {}) {
  const text = document.getElementById("app-words")?.getAttribute(`data-${name}`) ?? "";
  return filled(text, facts);
}

export function hasWord(name) {
  return Boolean(document.getElementById("app-words")?.hasAttribute(`data-${name}`));
}

// Puts facts where a template has {their} names.
export function fillIn(root, facts) {
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode;
    if (text.data.includes("{")) text.data = filled(text.data, facts);
  }
  return root;
}

// "2026-03-04" as people write it.
export function dayText(day) {
  if (!day) return "";
  const form = new Intl.DateTimeFormat(dates(), { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
  const parts = form.formatToParts(new Date(`${day}T00:00:00Z`));
  if (parts.at(-1).type === "literal") parts.pop(); // an abbreviation's full stop, where a sentence may end
  return parts.map(({ value }) => value).join("");
}

export function momentText(moment, timeZone) {
  if (!moment) return "";
  const form = new Intl.DateTimeFormat(dates(), { dateStyle: "long", timeStyle: "short", timeZone });
  return form.format(new Date(moment));
}

export function clockText(moment, timeZone) {
  return new Intl.DateTimeFormat(language(), { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone }).format(new Date(moment));
}

// The day it is at a site.
export function dayAt(moment, timeZone) {
  const parts = new Intl.DateTimeFormat("en-CA", { year: "numeric", month: "2-digit", day: "2-digit", timeZone });
  return parts.format(new Date(moment));
}

// A site's or an option's text in the language of the page, else in whichever there is.
export function inLanguage(texts) {
  return texts?.[language()] ?? texts?.en ?? Object.values(texts ?? {})[0] ?? "";
}

export function moneyText(minor, currency) {
  const form = new Intl.NumberFormat(language(), { style: "currency", currency });
  return form.format(minor / 10 ** form.resolvedOptions().maximumFractionDigits);
}

const LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ";

// Four characters to find a visit by: the same as app/core/ids.py:tag_of.
export function tagOf(id) {
  let rest = BigInt(`0x${id.replaceAll("-", "")}`);
  let tag = "";
  for (let each = 0; each < 4; each += 1) {
    tag = LETTERS[Number(rest % 31n)] + tag;
    rest /= 31n;
  }
  return tag;
}

function filled(text, facts) {
  return text.replace(PLACE, (place, name) => facts[name] ?? place);
}
