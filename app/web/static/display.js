// How pages are shown to this reader: large print and high contrast, kept in this browser only.
// A plain script, read before the style sheet: a module would run after the first picture of the page.
//
// A button with data-display="print" or "contrast" turns one of them on and off.

(() => {
  const root = document.documentElement;
  const ON = { print: "large", contrast: "high" };
  const wantsContrast = matchMedia("(prefers-contrast: more)");
  const key = (what) => `pdi.display.${what}`;

  function chosen(what) {
    try { return localStorage.getItem(key(what)); } catch { return null; }
  }

  function keep(what, value) {
    try { localStorage.setItem(key(what), value); } catch { /* private windows forget */ }
  }

  const isOn = (what) => root.dataset[what] === ON[what];

  function turn(what, on) {
    root.dataset[what] = on ? ON[what] : "usual";
    show();
  }

  function apply() {
    turn("print", chosen("print") === ON.print);
    const contrast = chosen("contrast");
    turn("contrast", contrast ? contrast === ON.contrast : wantsContrast.matches);
  }

  function show() {
    for (const button of document.querySelectorAll("[data-display]")) {
      button.setAttribute("aria-pressed", String(isOn(button.dataset.display)));
    }
    for (const place of document.querySelectorAll(".display-switch")) place.hidden = false;
  }

  apply();
  wantsContrast.addEventListener("change", apply);
  window.addEventListener("storage", (event) => {
    if (event.key === null || event.key.startsWith("pdi.display.")) apply();
  });
  window.addEventListener("pageshow", apply); // a page kept by the browser may be older than the choice
  document.addEventListener("DOMContentLoaded", show);
  document.addEventListener("desk:swapped", show); // the app shows its page in another language
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-display]");
    if (!button) return;
    const what = button.dataset.display;
    turn(what, !isOn(what));
    keep(what, root.dataset[what]);
  });
})();
