// A teacher's candidate: selected words become quotes and sections, keys, and nothing typed is lost unasked.
import { announce, toast } from "./posology.js";

const KEYS = "posology-candidate-keys";
const form = document.getElementById("decision"), area = document.getElementById("document");
const texts = { quote: document.getElementById("document-text"), section: document.getElementById("policy-text") };
const fields = (kind) => [...document.querySelectorAll(`textarea[name^="${kind}-"]`)];
const policy = texts.section?.textContent ?? "";
let last = null; // the selection, which a press on a button takes away in some browsers
let sent = false;

// ---- texts with their marks ---------------------------------------------------------------------------------

// Find a quote however the lines are broken. The server finds it again: this only shows where it stands.
function place(quote, text) {
  const words = quote.trim().split(/\s+/).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const found = words[0] ? new RegExp(words.join("\\s+")).exec(text) : null;
  return found && { start: found.index, end: found.index + found[0].length };
}

function paint(kind) {
  const box = texts[kind], text = kind === "quote" ? area.value : policy;
  if (!box) return;
  const marks = fields(kind).flatMap((one) => {
    const found = place(one.value, text);
    return found ? [{ ...found, number: one.name.split("-")[1] }] : [];
  });
  const edges = [...new Set([0, text.length, ...marks.flatMap((one) => [one.start, one.end])])].sort((a, b) => a - b);
  box.replaceChildren(...edges.slice(0, -1).map((start, at) => {
    const words = text.slice(start, edges[at + 1]);
    const numbers = marks.filter((one) => one.start <= start && edges[at + 1] <= one.end).map((one) => one.number);
    if (!numbers.length) return document.createTextNode(words);
    const mark = document.createElement("mark");
    mark.dataset.question = numbers.join(" ");
    mark.textContent = words;
    return mark;
  }));
}

// ---- selected words -----------------------------------------------------------------------------------------

function selected() {
  if (document.activeElement === area && area.selectionStart < area.selectionEnd) {
    return { kind: "quote", words: area.value.slice(area.selectionStart, area.selectionEnd).trim() };
  }
  const selection = window.getSelection();
  if (!selection.rangeCount || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0);
  const kind = Object.keys(texts).find((one) => texts[one]?.contains(range.startContainer) && texts[one].contains(range.endContainer));
  const words = range.toString().trim();
  return kind && words ? { kind, words } : null;
}

function take(number, kind = null) {
  const found = selected() ?? last;
  if (!found || (kind && found.kind !== kind)) {
    toast(kind === "section" ? "Select words of the policy first." : "Select words of the document first.", "open");
    return;
  }
  last = null;
  window.getSelection().removeAllRanges();
  fill(found.kind, number, found.words);
}

function fill(kind, number, words) {
  const field = document.getElementById(`${kind}-${number}`);
  if (!field) return;
  field.closest("details")?.setAttribute("open", "");
  field.value = words;
  paint(kind);
  announce(`Used as ${kind} of question ${number}.`);
}

// A question that is not stated has no quote; it comes back with another answer.
function answer(radio) {
  const field = document.getElementById(`quote-${radio.dataset.number}`);
  if (radio.value === "not stated") { field.dataset.before = field.value; field.value = ""; }
  else if (!field.value && field.dataset.before) field.value = field.dataset.before;
  paint("quote");
}

// ---- events -------------------------------------------------------------------------------------------------

if (form) {
  document.addEventListener("selectionchange", () => { last = selected() ?? last; });
  for (const button of form.querySelectorAll("button[data-take]")) {
    button.hidden = false;
    button.addEventListener("click", () => take(button.dataset.number, button.dataset.take));
  }
  for (const button of form.querySelectorAll("button[data-fill]")) {
    button.hidden = false;
    button.addEventListener("click", () => fill("section", button.dataset.number, button.dataset.fill));
  }
  form.addEventListener("change", (event) => { if (event.target.matches("[name^=told-]")) answer(event.target); });
  form.addEventListener("input", (event) => {
    if (event.target === area || event.target.matches("[name^=quote-]")) paint("quote");
    if (event.target.matches("[name^=section-]")) paint("section");
  });
}

document.addEventListener("submit", (event) => {
  if (sent) { event.preventDefault(); return; } // a second press would only meet the changed file
  if (event.target !== form && isUnkept()) return; // the browser asks first
  sent = true;
});
window.addEventListener("pageshow", () => { sent = false; });

function isUnkept() {
  if (document.querySelector("[data-unkept]")) return true; // what was entered stands on this page only
  if (!form) return false;
  const changed = [...form.querySelectorAll("textarea")].some((one) => one.value !== one.defaultValue);
  return changed || [...form.querySelectorAll("[type=radio]")].some((one) => one.checked !== one.defaultChecked);
}
window.addEventListener("beforeunload", (event) => { if (!sent && isUnkept()) event.preventDefault(); });

// ---- keys ---------------------------------------------------------------------------------------------------

const on = document.getElementById("keys-on");
if (on) {
  on.checked = window.localStorage.getItem(KEYS) !== "off";
  on.addEventListener("change", () => window.localStorage.setItem(KEYS, on.checked ? "on" : "off"));
}
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || on?.checked === false) return;
  if (event.target.closest?.("input, textarea, select")) return;
  if (/^[1-9]$/.test(event.key)) { take(event.key); event.preventDefault(); return; }
  const control = /^[a-z]$/.test(event.key) && document.querySelector(`[data-key="${event.key}"]`);
  if (control) { control.click(); event.preventDefault(); }
});
