// What is typed and not yet saved: kept on the server for its author, checked while it is written.
import { api, headers, isEnded, later, never, renewToken, root } from "./page.js";
import { toast } from "./posology.js";

const RETRY_MS = 4000, PREVIEW_MS = 400, KEEP_MS = 900;
const scratch = (area) => api(`/scratch/${encodeURIComponent(area.dataset.keep)}`);

export function keep(area, wait = KEEP_MS) {
  area.classList.add("unsaved");
  area.closest("form").querySelector("[data-discard]")?.removeAttribute("hidden");
  later(`keep ${area.id}`, wait, () => store(area));
}

async function store(area) {
  if (!area.isConnected) return;
  const text = area.value, body = JSON.stringify({ text, seen_version: Number(root().dataset.version) });
  const sent = { method: "PUT", body, headers: { ...headers(), "Content-Type": "application/json" } };
  const answer = await fetch(scratch(area), sent).catch(() => null);
  area.dataset.kept = answer?.ok ? text : "";
  if (answer?.ok) return;
  if (!answer) { later(`keep ${area.id}`, RETRY_MS, () => store(area)); return; }
  if (answer.status === 403 && await renewToken() === "new") { keep(area); return; }
  if (isEnded(answer)) {
    toast("Your session has ended. What you write stays on this page: sign in again in another tab, then go on.", "bad",
      async () => { await renewToken(); keep(area, 0); });
  }
}

// What was saved is no longer unsaved, here and on the server; `saved` is the text that was sent.
export function settle(area, saved) {
  if (area.value !== saved) { keep(area); return; }
  never(`keep ${area.id}`);
  area.defaultValue = area.value;
  if (area.dataset.kept || area.classList.contains("unsaved")) forget(area);
}

const forget = (area) => fetch(scratch(area), { method: "DELETE", headers: headers() }).catch(() => null);

// Go back to what the letter says, and let go of what was kept.
export async function discard(button) {
  const area = button.closest("form").querySelector("[data-keep]");
  never(`keep ${area.id}`);
  await forget(area);
  area.value = area.dataset.stands ?? area.defaultValue;
  area.defaultValue = area.value;
  area.classList.remove("unsaved");
  button.hidden = true;
  const place = area.closest("form").querySelector(".preview");
  if (place) place.textContent = "";
  area.focus();
}

export function preview(area) {
  later(`preview ${area.id}`, PREVIEW_MS, () => check(area));
}

async function check(area) {
  const place = document.querySelector(`[data-preview-of="${CSS.escape(area.dataset.preview)}"]`);
  const text = area.value;
  if (!place) return;
  if (!text.trim()) { place.textContent = ""; return; }
  const sent = { method: "POST", body: JSON.stringify({ sentence: area.dataset.preview, text }), headers: { ...headers(), "Content-Type": "application/json" } };
  const answer = await fetch(api("/preview"), sent).catch(() => null); // saving checks again
  if (!answer?.ok || area.value !== text) return;
  const found = await answer.json();
  place.className = `preview notice ${found.ok ? "good" : "bad"}`;
  place.textContent = found.ok ? "Supported by its sources." : `Not supported. ${found.why}`;
}

// Say whether leaving the page would lose something.
export const isUnkept = () => [...document.querySelectorAll("[data-keep]")]
  .some((area) => area.value !== area.defaultValue && area.dataset.kept !== area.value);
