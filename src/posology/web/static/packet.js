// The page of a packet: acts without a reload, sources beside the letter, text that is never lost.
import { announce, csrf, quiet, toast } from "./posology.js";

const RETRY_MS = 4000, PREVIEW_MS = 400, KEEP_MS = 900, POLL_MS = 15000;
const root = () => document.getElementById("packet-root");
const base = () => root().dataset.base;
const api = (path) => `/api/v1${base()}${path}`;
const headers = () => ({ "X-CSRF-Token": csrf() });
let busy = false;
let waiting = null; // an act that could not be sent

// ---- acts -------------------------------------------------------------------------------------------------

async function send(form, key) {
  const body = new URLSearchParams(new FormData(form));
  return fetch(form.action, {
    method: "POST", body, headers: { ...headers(), "Idempotency-Key": key, Accept: "text/html, application/problem+json" },
  });
}

async function submit(form, key = crypto.randomUUID()) {
  if (busy) return;
  busy = true;
  form.setAttribute("aria-busy", "true");
  try {
    const answer = await send(form, key);
    waiting = null;
    if (answer.ok) {
      const target = form.dataset.target, page = await answer.text();
      form.querySelectorAll("[data-keep]").forEach(settle);
      quiet();
      await show(page, target);
      return;
    }
    await refused(answer, form);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    waiting = { form, key };
    toast("Not saved: there is no connection. What you wrote is kept on this page and will be sent again.", "bad",
      () => { busy = false; submit(form, key); });
    window.setTimeout(() => { if (waiting?.key === key) { busy = false; submit(form, key); } }, RETRY_MS);
  } finally {
    busy = false;
    form.removeAttribute("aria-busy");
  }
}

async function refused(answer, form) {
  if (answer.status === 401) {
    toast("Your session has ended. What you wrote is kept: sign in again in another tab, then try again.", "bad",
      () => submit(form));
    return;
  }
  const kind = answer.headers.get("Content-Type") ?? "";
  const problem = kind.includes("json") ? await answer.json() : { detail: "The act was refused; nothing was changed." };
  let box = form.querySelector(".refusal");
  if (!box) {
    box = document.createElement("div");
    box.className = "refusal notice bad";
    box.setAttribute("role", "alert");
    form.prepend(box);
  }
  box.textContent = problem.detail ?? problem.title;
  if (answer.status === 409) {
    const link = document.createElement("a");
    link.href = base();
    link.textContent = " Load what is there now; what you wrote is kept.";
    box.append(link);
  }
}

// Put the new page's parts in place of the old ones, keeping scroll positions, open panels and focus.
async function show(html, target) {
  const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("packet-root");
  if (!fresh) { window.location.assign(base()); return; }
  const scrolls = new Map(["criteria", "letter", "source"].map((id) => [id, document.getElementById(id)?.scrollTop ?? 0]));
  const typed = unsaved();
  const at = target?.replace(":", "-");
  root().replaceWith(fresh);
  for (const [id, top] of scrolls) { const pane = document.getElementById(id); if (pane) pane.scrollTop = top; }
  restore(typed);
  const place = at && document.getElementById(at);
  (place ?? document.getElementById("message"))?.focus?.({ preventScroll: true });
  const message = document.getElementById("message");
  if (message) toast(message.textContent.replace(/\s+/g, " ").trim(), message.classList.contains("open") ? "open" : "good");
  else announce("Saved.");
}

// ---- text that is typed -----------------------------------------------------------------------------------

function unsaved() {
  return [...document.querySelectorAll("[data-keep]")]
    .filter((area) => area.value !== area.defaultValue)
    .map((area) => ({ id: area.id, value: area.value }));
}

function restore(typed) {
  for (const { id, value } of typed) {
    const area = document.getElementById(id);
    if (!area || area.value === value) continue;
    area.value = value;
    area.closest("details")?.setAttribute("open", "");
  }
}

const timers = new Map();
const later = (key, wait, action) => {
  window.clearTimeout(timers.get(key));
  timers.set(key, window.setTimeout(action, wait));
};

function keep(area) {
  const form = area.closest("form");
  const target = area.dataset.keep;
  area.classList.add("unsaved");
  form.querySelector("[data-discard]")?.removeAttribute("hidden");
  later(`keep ${area.id}`, KEEP_MS, async () => {
    try {
      const body = JSON.stringify({ text: area.value, seen_version: Number(root().dataset.version) });
      const answer = await fetch(api(`/scratch/${encodeURIComponent(target)}`), {
        method: "PUT", body, headers: { ...headers(), "Content-Type": "application/json" },
      });
      area.dataset.kept = answer.ok ? area.value : "";
    } catch { later(`keep ${area.id}`, RETRY_MS, () => keep(area)); }
  });
}

// What was saved is no longer unsaved, here and on the server.
function settle(area) {
  window.clearTimeout(timers.get(`keep ${area.id}`));
  area.defaultValue = area.value;
  if (area.dataset.kept || area.classList.contains("unsaved")) {
    fetch(api(`/scratch/${encodeURIComponent(area.dataset.keep)}`), { method: "DELETE", headers: headers() }).catch(() => null);
  }
}

async function discard(button) {
  const area = button.closest("form").querySelector("[data-keep]");
  window.clearTimeout(timers.get(`keep ${area.id}`));
  await fetch(api(`/scratch/${encodeURIComponent(area.dataset.keep)}`), { method: "DELETE", headers: headers() }).catch(() => null);
  area.value = area.defaultValue;
  window.location.reload();
}

function preview(area) {
  const place = document.querySelector(`[data-preview-of="${CSS.escape(area.dataset.preview)}"]`);
  if (!place) return;
  later(`preview ${area.id}`, PREVIEW_MS, async () => {
    const text = area.value;
    if (!text.trim()) { place.textContent = ""; return; }
    try {
      const answer = await fetch(api("/preview"), {
        method: "POST", body: JSON.stringify({ sentence: area.dataset.preview, text }),
        headers: { ...headers(), "Content-Type": "application/json" },
      });
      if (!answer.ok || area.value !== text) return;
      const found = await answer.json();
      place.className = `preview notice ${found.ok ? "good" : "bad"}`;
      place.textContent = found.ok ? "Supported by its sources." : `Not supported. ${found.why}`;
    } catch { /* the check is a help; saving checks again */ }
  });
}

// ---- sources ----------------------------------------------------------------------------------------------

async function openSource(link) {
  const { evidence, origin } = link.dataset;
  const answer = await fetch(`${base()}/source?e=${evidence}&from=${encodeURIComponent(origin)}`).catch(() => null);
  if (!answer?.ok) { window.location.assign(link.href); return; }
  const pane = document.getElementById("source");
  pane.innerHTML = await answer.text();
  document.querySelectorAll("[data-evidence][aria-current]").forEach((mark) => mark.removeAttribute("aria-current"));
  document.querySelectorAll(`[data-evidence="${CSS.escape(evidence)}"]`).forEach((mark) => mark.setAttribute("aria-current", "true"));
  window.history.replaceState(null, "", `${base()}?e=${evidence}&from=${encodeURIComponent(origin)}`);
  reveal();
}

function reveal() {
  const quote = document.getElementById("quote");
  if (!quote) return;
  const box = quote.closest(".source-text");
  if (box) box.scrollTop = quote.offsetTop - box.offsetTop - box.clientHeight / 3;
  const narrow = window.matchMedia("(max-width: 74.99rem)").matches;
  if (narrow) document.getElementById("source").scrollIntoView();
  quote.focus({ preventScroll: true });
}

function back() {
  const link = document.querySelector("[data-back]");
  const place = link && document.getElementById(link.dataset.back);
  if (!place) return;
  const mark = place.querySelector("[data-evidence][aria-current]") ?? place;
  mark.focus();
  place.scrollIntoView({ block: "nearest" });
}

// ---- keys -------------------------------------------------------------------------------------------------

function move(step) {
  const items = [...document.querySelectorAll("[data-item]")];
  const here = document.activeElement?.closest?.("[data-item]");
  const next = items[Math.min(items.length - 1, Math.max(0, items.indexOf(here) + step))];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

function press(key) {
  const here = document.activeElement?.closest?.("[data-item]");
  if (key === "s") { const link = here?.querySelector("[data-evidence]"); if (link) openSource(link); return; }
  const control = here?.querySelector(`[data-key="${key}"]`);
  if (!control) return;
  control.click();
  if (control.matches("summary")) control.parentElement.querySelector("textarea")?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !document.getElementById("keys-on")?.checked) return;
  if (event.target.closest?.("input, textarea, select")) return;
  if (!event.target.closest?.(".packet, #content")) return;
  const action = { j: () => move(1), k: () => move(-1), b: back, s: () => press("s"), c: () => press("c"), x: () => press("x"), e: () => press("e") }[event.key];
  if (action) { action(); event.preventDefault(); }
});

// ---- events -----------------------------------------------------------------------------------------------

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-act]")) return;
  event.preventDefault();
  submit(form);
});

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-evidence]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) { event.preventDefault(); openSource(link); return; }
  if (event.target.closest?.("[data-back]")) { event.preventDefault(); back(); return; }
  const button = event.target.closest?.("[data-discard]");
  if (button) discard(button);
});

document.addEventListener("input", (event) => {
  if (event.target.matches?.("[data-keep]")) keep(event.target);
  if (event.target.matches?.("[data-preview]")) preview(event.target);
});

window.addEventListener("beforeunload", (event) => {
  const lost = [...document.querySelectorAll("[data-keep]")]
    .some((area) => area.value !== area.defaultValue && area.dataset.kept !== area.value);
  if (lost) event.preventDefault();
});

window.addEventListener("online", () => { if (waiting) submit(waiting.form, waiting.key); });

// Another person's change: say so, and never replace what is being written.
window.setInterval(async () => {
  if (document.hidden || busy) return;
  const answer = await fetch(api("/head")).catch(() => null);
  if (!answer?.ok) return;
  const head = await answer.json();
  if (head.version <= Number(root().dataset.version)) return;
  const box = toast(`${head.updated_by ?? "Somebody"} has changed this packet meanwhile (version ${head.version}).`, "open");
  const link = document.createElement("a");
  link.href = base();
  link.textContent = "Show the changes; what you are writing is kept.";
  box.append(link);
}, POLL_MS);

reveal();
