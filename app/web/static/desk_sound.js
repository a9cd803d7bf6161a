// Short sounds made on the spot, one for each thing a desk must tell apart without looking; vibration beside them.

const KEY = "pdi.desk.sounds";
const TUNES = {
  read: [[1320, 0, 0.06]],
  accepted: [[660, 0, 0.12], [990, 0.13, 0.22]],
  refused: [[330, 0, 0.18], [220, 0.2, 0.32]],
  attention: [[520, 0, 0.12], [520, 0.18, 0.12]],
};
const BUZZES = { read: 30, accepted: [60, 50, 60], refused: 350, attention: [120, 80, 120] };

let context = null;

export function soundsAreOn() {
  try { return localStorage.getItem(KEY) !== "off"; } catch { return true; }
}

export function turnSounds(on) {
  try { localStorage.setItem(KEY, on ? "on" : "off"); } catch { /* private windows forget */ }
}

export function play(name) {
  navigator.vibrate?.(BUZZES[name]);
  document.dispatchEvent(new CustomEvent("desk:sound", { detail: name }));
  if (!soundsAreOn() || !window.AudioContext) return;
  context ??= new AudioContext();
  if (context.state === "suspended") context.resume();
  for (const [frequency, start, length] of TUNES[name]) {
    const tone = context.createOscillator();
    const volume = context.createGain();
    const from = context.currentTime + start;
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(0.0001, from);
    volume.gain.exponentialRampToValueAtTime(0.25, from + 0.015);
    volume.gain.exponentialRampToValueAtTime(0.0001, from + length);
    tone.connect(volume).connect(context.destination);
    tone.start(from);
    tone.stop(from + length);
  }
}
