// Keys write into the field at once; without this they do by way of the server.

const typed = document.getElementById("typed");

document.querySelector(".keypad")?.addEventListener("click", (event) => {
  const key = event.target.closest("button[name=key]");
  if (!key || !typed) return;
  event.preventDefault();
  if (typed.value.length < typed.maxLength) typed.value += key.value;
});
