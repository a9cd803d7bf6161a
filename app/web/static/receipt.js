// A button that opens the browser's printing, where there is a script to press it.

const print = document.getElementById("print");
if (print) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}
