// Buttons that copy the text beside them; without this script the text is selected by hand.

for (const button of document.querySelectorAll("button[data-copies]")) {
  if (!navigator.clipboard) break;
  const source = document.getElementById(button.dataset.copies);
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(source.textContent.trim());
    button.textContent = button.dataset.done;
  });
}
