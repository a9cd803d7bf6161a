// A tall tree opens where its seed stands.

const tree = document.querySelector(".picture.tree");
const seed = tree?.querySelector("svg > g > title")?.parentElement; // of the people, drawn first
if (seed) {
  const below = seed.getBoundingClientRect().top - tree.getBoundingClientRect().top;
  tree.scrollTop += below - tree.clientHeight / 2;
}
