// The page of a packet: acts without a reload, sources beside the letter, keys, what others change meanwhile.
import { isBusy, submit, tryNow } from "./acts.js";
import { api, base, isEnded, root } from "./page.js";
import { markChosen } from "./places.js";
import { toast } from "./posology.js";
import { discard, isUnkept, keep, preview } from "./typed.js";

const POLL_MS = 15000;

// ---- sources ----------------------------------------------------------------------------------------------

async function openSource(link) {
  const { evidence, origin } = link.dataset;
  const answer = await fetch(`${base()}/source?e=${evidence}&from=${encodeURIComponent(origin)}`).catch(() => null);
  if (!answer) { toast("There is no connection: the source cannot be opened now. What you wrote is kept on this page.", "bad"); return; }
  if (isEnded(answer)) { toast("Your session has ended. Sign in again in another tab, then open the source.", "bad"); return; }
  if (!answer.ok) { window.location.assign(link.href); return; }
  const pane = document.getElementById("source");
  pane.innerHTML = await answer.text();
  markChosen(evidence);
  window.history.replaceState(null, "", `${base()}?e=${evidence}&from=${encodeURIComponent(origin)}`);
  reveal();
}

function reveal() {
  const pane = document.getElementById("source");
  if (!pane?.querySelector(".source-text")) return;
  const quote = document.getElementById("quote") ?? pane;
  const box = quote.closest(".source-text");
  if (box) box.scrollTop += quote.getBoundingClientRect().top - box.getBoundingClientRect().top - box.clientHeight / 3;
  const narrow = window.matchMedia("(max-width: 74.99rem)").matches;
  if (narrow) quote.scrollIntoView({ block: quote === pane ? "start" : "center" });
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
  if (isUnkept() || isBusy()) event.preventDefault();
});

window.addEventListener("online", tryNow);

// Another person's change: say so, and never replace what is being written.
window.setInterval(async () => {
  if (document.hidden || isBusy()) return;
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
