// Someone works on a page of the server: the desk's app in another tab does not take her for gone.

const channel = globalThis.BroadcastChannel && new BroadcastChannel("pdi-at-work");
let toldAt = 0;

function tell() {
  if (Date.now() - toldAt < 10_000) return;
  toldAt = Date.now();
  channel?.postMessage("");
}

for (const kind of ["pointerdown", "keydown", "wheel", "touchmove"]) addEventListener(kind, tell, { passive: true });
