// Seals an event to the server's public key: what is done can be delivered by this device, and read only by the server.
// The other side is app/core/envelopes.py.

const VERSION = 1;
const INFO = new TextEncoder().encode("pdi/desk/event/1");
const CURVE = { name: "ECDH", namedCurve: "P-256" };

export const bytesOf = (text) => new TextEncoder().encode(text);

export function toBase64url(bytes) {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

export function fromBase64url(text) {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}

export async function sha256Hex(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// version ‖ ephemeral public key (65) ‖ nonce (12) ‖ ciphertext and tag. It opens only as this event of this device.
// `pair` and `nonce` are for test vectors; every sealing draws its own.
export async function seal(plain, { serverKey, deviceId, eventId, seq, pair, nonce }) {
  const server = fromBase64url(serverKey);
  pair ??= await crypto.subtle.generateKey(CURVE, false, ["deriveBits"]);
  nonce ??= crypto.getRandomValues(new Uint8Array(12));
  const ephemeral = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const theirs = await crypto.subtle.importKey("raw", server, CURVE, false, []);
  const shared = await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, pair.privateKey, 256);
  const secret = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
  const key = await crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: joined(ephemeral, server), info: INFO },
    secret, { name: "AES-GCM", length: 256 }, false, ["encrypt"],
  );
  const additionalData = bytesOf(`${deviceId}|${eventId}|${seq}`);
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce, additionalData }, key, plain);
  return joined(Uint8Array.of(VERSION), ephemeral, nonce, new Uint8Array(sealed));
}

export function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
