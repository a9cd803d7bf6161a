// What a scanner or a keyboard gave, judged without the server: the same rules as app/core/codes.py.
// The server is the truth; this only saves a round trip and tells when a code is complete.

const DAMM = [
  "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
  "3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
];
const TOKEN = /(?:^|[/=])(C1[A-Z2-7]{25}[AEIMQUY4])$/;
// Names for training cards, which no coupon ever has: the same rules as app/core/training.py.
const TRAINING_TOKEN = /(?:^|[/=])C0([A-Z2-7]{25}[AEIMQUY4])$/;
const TRAINING_DIGITS = "99999999";
// Names of people's own cards, which no coupon ever has: the same rules as app/core/claim_names.py.
const OWN_TOKEN = /(?:^|[/=])P1[A-Z2-7]{25}[AEIMQUY4]$/;
const OWN_RESIDUE = "5";
const LESSONS = ["good", "used_before", "expired", "not_yet", "ended", "mistyped", "unknown"];
const CYRILLIC = "ЙЦУКЕНГШЩЗФІЫВАПРОЛДЯЧСМИТЬ";
const LATIN = "QWERTYUIOPASSDFGHJKLZXCVBNM";

// True when twelve digits end in their check digit.
export function isWellFormed(digits) {
  return residueOf(digits) === "0";
}

// True when twelve digits can be those of someone's own card.
export function isOwn(digits) {
  return residueOf(digits) === OWN_RESIDUE && !digits.startsWith(TRAINING_DIGITS);
}

// What twelve digits come to by the table of check digits; null when they are none.
function residueOf(digits) {
  if (!/^\d{12}$/.test(digits)) return null;
  let interim = "0";
  for (const digit of digits) interim = DAMM[interim][digit];
  return interim;
}

// Only the digits when nothing else but blanks and dashes is there, else null.
export function digitsOf(text) {
  const plain = text.replace(/[\s\u2010-\u2015\u2212-]/g, "");
  return /^\d*$/.test(plain) ? plain : null;
}

// As it is printed: 4-4-4.
export function grouped(digits) {
  return digits.replace(/(\d{4})(?=\d)/g, "$1 ");
}

// A token in Latin letters, whatever layout its keys were pressed under, without the mark by which some
// scanners say first what kind of symbol they read.
function inLatin(text) {
  const latin = Array.from(text.trim().toUpperCase(), (letter) => {
    const place = CYRILLIC.indexOf(letter);
    return place < 0 ? letter : LATIN[place];
  }).join("");
  return latin.replace(/^[\]ЇЪ]Q[0-6]/, "");
}

// The token alone, without the address around it or the layout it was typed under; null when there is none.
export function tokenIn(text) {
  const latin = inLatin(text);
  return TOKEN.exec(latin)?.[1] ?? null;
}

// "code", "slip" (twelve digits that do not fit together), "token", "training" (a training card, which counts
// nowhere), "own" (the QR code of someone's own card), or "" while more may come.
export function judge(text) {
  const digits = digitsOf(text);
  if (digits !== null) {
    if (digits.length < 12) return "";
    if (!isWellFormed(digits)) return "slip";
    return digits.startsWith(TRAINING_DIGITS) ? "training" : "code";
  }
  const latin = inLatin(text);
  if (TOKEN.test(latin)) return "token";
  if (OWN_TOKEN.test(latin)) return "own";
  return TRAINING_TOKEN.test(latin) ? "training" : "";
}

// Which lesson a training card is for; null when it is no training card.
export function lessonOf(text) {
  const judged = judge(text);
  const digits = digitsOf(text);
  if (judged === "slip") return digits.length === 12 && digits.startsWith(TRAINING_DIGITS) ? "mistyped" : null;
  if (judged !== "training") return null;
  if (digits !== null) return LESSONS[Number(digits[8])] ?? "unknown";
  const letters = TRAINING_TOKEN.exec(inLatin(text))[1];
  return (letters.startsWith("TRAINING") && LESSONS[letters.charCodeAt(8) - 65]) || "unknown";
}

const SIGNS = { Slash: "/?", Period: ".>", Comma: ",<", Semicolon: ";:", Equal: "=+", Minus: "-_" };

// The character that the pressed key has on the layout scanners are made for, when the keyboard's own
// layout gives another; null to leave the key alone. Scanners press keys: under a Ukrainian layout they
// come out as other letters.
export function meantBy(event, foreignLayout) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return null;
  if (event.key.length !== 1 || (/^[\x20-\x7e]$/.test(event.key) && !foreignLayout)) return null;
  const { code } = event;
  if (/^Key[A-Z]$/.test(code)) return code[3];
  if (/^Digit\d$/.test(code) && !event.shiftKey) return code[5];
  return code in SIGNS ? SIGNS[code][event.shiftKey ? 1 : 0] : null;
}
