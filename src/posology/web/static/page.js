// Where a packet's page is and who looks at it: addresses, the token of writes, waiting.
import { csrf } from "./posology.js";

export const root = () => document.getElementById("packet-root");
export const base = () => root().dataset.base;
export const api = (path) => `/api/v1${base()}${path}`;
export const headers = () => ({ "X-CSRF-Token": csrf() });

// Take the token of the session that the browser has now; say "same", "new", "other" (another person), "none" or "offline".
export async function renewToken() {
  const answer = await fetch("/api/v1/session").catch(() => null);
  if (!answer) return "offline";
  if (!answer.ok) return "none";
  const who = await answer.json();
  if (who.user !== root().dataset.user) return "other";
  if (who.csrf === csrf()) return "same";
  document.querySelector('meta[name="csrf"]').content = who.csrf;
  for (const field of document.querySelectorAll('input[name="csrf"]')) field.value = who.csrf;
  return "new";
}

// Say whether an answer means that nobody is signed in any more.
export const isEnded = (answer) => answer.status === 401 || (answer.redirected && new URL(answer.url).pathname === "/sign-in");

const timers = new Map();
export function later(key, wait, action) {
  window.clearTimeout(timers.get(key));
  timers.set(key, window.setTimeout(action, wait));
}
export const never = (key) => window.clearTimeout(timers.get(key));
