// Acts on a packet, one after another: sent once, tried again until they arrive, never dropped in silence.
import { base, headers, isEnded, renewToken, root } from "./page.js";
import { recall, remember } from "./places.js";
import { announce, quiet, toast } from "./posology.js";
import { settle } from "./typed.js";

const RETRY_MS = 4000;
const ENDED = "Your session has ended. What you wrote is kept on this page: sign in again in another tab, then try again.";
const OTHER = "Somebody else is signed in now in this browser. What you wrote is kept on this page: sign in as yourself, then try again.";
const OFFLINE = "Not saved: there is no connection. What you wrote is kept on this page and will be sent again.";
let turn = Promise.resolve();
let queued = []; // acts that are not answered yet
let wake = null; // tries the act that waits

export const isBusy = () => queued.length > 0;
export const tryNow = () => wake?.();

export function submit(form) {
  const body = new URLSearchParams(new FormData(form));
  body.delete("csrf"); // the header carries the token, which a new session changes
  const same = queued.some((one) => one.form === form && one.body.toString() === body.toString());
  tryNow();
  if (same) return;
  const act = { form, body, key: crypto.randomUUID(), action: form.action };
  queued.push(act);
  form.setAttribute("aria-busy", "true");
  turn = turn.then(() => perform(act)).finally(() => {
    queued = queued.filter((one) => one !== act);
    form.removeAttribute("aria-busy");
  });
}

async function perform(act) {
  for (;;) {
    const answer = await send(act);
    if (!answer) { await patience(OFFLINE, RETRY_MS); continue; }
    if (isEnded(answer)) {
      await patience(ENDED);
      while (await renewToken() === "other") await patience(OTHER);
      continue;
    }
    if (answer.status === 403 && await renewToken() === "new") continue;
    quiet();
    await (answer.ok ? done(act, await answer.text()) : refused(act, answer));
    return;
  }
}

async function send(act) {
  const accept = "text/html, application/problem+json";
  const sent = { method: "POST", body: act.body, headers: { ...headers(), "Idempotency-Key": act.key, Accept: accept } };
  return fetch(act.action, sent).catch(() => null);
}

// Say why an act waits, until its button is pressed, the time is over or the connection is back.
function patience(words, wait = 0) {
  return new Promise((resolve) => {
    const timer = wait ? window.setTimeout(() => wake?.(), wait) : 0;
    wake = () => { wake = null; window.clearTimeout(timer); resolve(); };
    toast(words, "bad", () => wake?.());
  });
}

async function done(act, page) {
  const before = Number(root().dataset.version);
  if (act.form.isConnected) {
    for (const area of act.form.querySelectorAll("[data-keep]")) settle(area, act.body.get(area.name));
  }
  if (!show(page, act.form)) return;
  const now = Number(root().dataset.version);
  if (now === before + 1) { // nobody else came between: what waits was written over what stands now
    for (const one of queued) if (Number(one.body.get("seen_version")) === before) one.body.set("seen_version", now);
  }
  const message = document.getElementById("message");
  if (message) toast(message.textContent.replace(/\s+/g, " ").trim(), message.classList.contains("open") ? "open" : "good");
  else announce("Saved.");
}

// Put the new page's part in place of the old one, and the focus where the act was.
export function show(html, form) {
  const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("packet-root");
  if (!fresh) { window.location.assign(base()); return false; }
  const memory = remember(form), item = form?.closest("[data-item]")?.id, target = form?.dataset.target?.replace(":", "-");
  root().replaceWith(document.adoptNode(fresh));
  if (recall(memory)) return true;
  const places = [target, item, `withheld-${target?.split("-").slice(1).join("-")}`, "criteria"];
  const place = places.map((id) => id && document.getElementById(id)).find(Boolean);
  place?.focus({ preventScroll: true });
  place?.scrollIntoView({ block: "nearest" });
  return true;
}

async function refused(act, answer) {
  const kind = answer.headers.get("Content-Type") ?? "";
  const problem = kind.includes("json") ? await answer.json() : { detail: "The act was refused; nothing was changed." };
  if (answer.status === 409) {
    const page = await fetch(base()).catch(() => null);
    if (page?.ok && !isEnded(page)) show(await page.text(), null);
  }
  const { act: name, target } = act.form.dataset;
  const form = act.form.isConnected ? act.form
    : document.querySelector(`form[data-act="${name}"][data-target="${CSS.escape(target)}"]`);
  const words = [problem.detail ?? problem.title, problem.stands && `It says now: “${problem.stands}”`,
    answer.status === 409 && form && "What you wrote stands below: compare, and save again if yours is to stand."].filter(Boolean);
  if (!form) { toast(words.join(" "), "bad"); return; }
  form.closest("details")?.setAttribute("open", "");
  form.querySelector(".refusal")?.remove();
  const box = document.createElement("div");
  box.className = "refusal notice bad";
  box.setAttribute("role", "alert");
  for (const text of words) { const line = document.createElement("p"); line.textContent = text; box.append(line); }
  form.prepend(box);
  box.scrollIntoView({ block: "nearest" });
  if (!form.contains(document.activeElement)) form.querySelector("textarea, input:not([type=hidden]), select, button")?.focus({ preventScroll: true });
}
