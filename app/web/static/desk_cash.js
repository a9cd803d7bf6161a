// The sum of a count while it is being typed. Without this the server adds up.

const form = document.querySelector("form[data-counts]");
const total = document.getElementById("so-far");

if (form && total) {
  const places = Number(form.dataset.places);
  const write = new Intl.NumberFormat(document.documentElement.lang, {
    style: "currency",
    currency: form.dataset.currency,
    currencyDisplay: "code",
    minimumFractionDigits: places,
    maximumFractionDigits: places,
  });
  // The heading names the currency; behind each of a dozen amounts it would not fit on a phone.
  const plain = new Intl.NumberFormat(document.documentElement.lang, {
    minimumFractionDigits: places,
    maximumFractionDigits: places,
  });
  const number = (text) => (/^\d{1,6}$/.test(text.trim()) ? Number(text.trim()) : 0);
  const minor = (text) => {
    const found = /^(\d{1,12})(?:[.,](\d+))?$/.exec(text.trim());
    if (!found || (found[2] ?? "").length > places) return 0;
    return Number(found[1] + (found[2] ?? "").padEnd(places, "0"));
  };
  const add = () => {
    let sum = 0;
    for (const row of form.querySelectorAll("[data-row]")) {
      const worth = row.querySelector("[name^=worth]");
      const each = worth ? minor(worth.value) : Number(row.dataset.row);
      const come = each * number(row.querySelector("[name^=n]").value);
      row.querySelector("output").textContent = come ? plain.format(come / 10 ** places) : "";
      sum += come;
    }
    total.textContent = write.format(sum / 10 ** places);
  };
  total.closest("[hidden]").hidden = false;
  form.addEventListener("input", add);
  add();
}
