// The bar at the top: where, in which mode, and what is not sent yet. It never says "sent" before the server did.

import { soundsAreOn } from "../desk_sound.js";
import { clockText, dayAt, dayText, hasWord, inLanguage, word } from "./words.js";

const TONE = { connected: "good", away: "warn", training: "info" };

export function drawStatus(work) {
  const bar = document.getElementById("bar");
  if (!bar) return;
  bar.hidden = !work;
  document.getElementById("training-banner").hidden = !work?.isTraining;
  document.documentElement.toggleAttribute("data-training", Boolean(work?.isTraining));
  if (!work) return;
  const mode = work.isTraining ? "training" : work.isConnected ? "connected" : "away";
  const badge = document.getElementById("bar-mode");
  badge.className = `badge ${TONE[mode]}`;
  write(badge, word(`mode-${mode}`));
  // Before the list is there a device knows only the code of its site.
  write(document.getElementById("bar-site"), inLanguage(work.pack?.site.name) || work.vault.facts.site || "");
  write(document.getElementById("bar-who"), work.vault.facts.username ?? "");
  write(document.getElementById("bar-status"), work.isTraining ? word("status-training") : statusLine(work));
  const sounds = document.getElementById("sounds");
  sounds.setAttribute("aria-pressed", String(soundsAreOn()));
  write(sounds, word(soundsAreOn() ? "sounds-on" : "sounds-off"));
  for (const each of document.querySelectorAll("[data-only=connected]")) each.hidden = mode !== "connected";
  for (const each of document.querySelectorAll("[data-only=real]")) each.hidden = work.isTraining;
}

function statusLine(work) {
  const { waiting, lastSuccess, lastFailure, device, late } = work.courier.state;
  const failed = lastFailure && !(lastSuccess > lastFailure.at);
  const why = failed ? causeOf(lastFailure.cause) : "";
  return [
    word(waiting ? "waiting" : "nothing-waits", { number: waiting }),
    lastSuccess ? word("last-sent", { at: timeText(lastSuccess, work) }) : "",
    failed ? word("last-failure", { at: timeText(lastFailure.at, work), why }) : "",
    late ? word("waits-long") : "",
    device === "unknown" ? word("device-unknown") : "",
  ].filter(Boolean).join(" · ");
}

const causeOf = (cause) => word(hasWord(`cause-${cause}`) ? `cause-${cause}` : "cause-other");

// The hour, and the day as well when it is not this one.
function timeText(moment, work) {
  const hour = clockText(moment, work.timezone);
  const day = dayAt(moment, work.timezone);
  return day === work.today() ? hour : `${dayText(day)}, ${hour}`;
}

// A text that has not changed is left alone: a screen reader would say it again.
function write(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}
