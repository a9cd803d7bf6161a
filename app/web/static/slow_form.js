// A form whose answer takes some seconds says so, and is not sent twice meanwhile.

function show(form, isBusy) {
  for (const each of form.querySelectorAll("[data-busy]")) each.hidden = !isBusy;
  for (const each of form.querySelectorAll("button")) each.disabled = isBusy;
}

for (const form of document.querySelectorAll("form[data-slow]")) {
  form.addEventListener("submit", () => setTimeout(() => show(form, true)));
  addEventListener("pageshow", () => show(form, false));
}
