// Puts the keyboard where the work goes on, and sends no form twice.

export function focusOnWork(root = document) {
  const target = root.querySelector("[data-focus]")
    ?? root.querySelector("main form.card :is(input:not([type=hidden]), select, textarea)");
  target?.focus({ preventScroll: false });
}

export function sendOnce(form) {
  if (form.dataset.sent) return false;
  form.dataset.sent = "yes";
  return true;
}

document.addEventListener("submit", (event) => {
  if (event.target.matches("#scan") || event.target.target === "_blank") return;
  if (!sendOnce(event.target)) event.preventDefault();
});
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
});
focusOnWork();
