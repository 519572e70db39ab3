// A page whose parts are replaced: open panels, what is typed, the focus and the scroll positions stay.
const PANES = ["criteria", "letter", "source"];
const FIELDS = "textarea, select, input:not([type=hidden], [type=button], [type=submit])";

// Return a selector that finds the same field, control or panel again; "" where there is none.
function addressOf(element) {
  if (!element || element === document.body) return "";
  if (element.id) return `#${CSS.escape(element.id)}`;
  const form = element.closest("form[data-act]"), item = element.closest("[data-item]");
  const inside = item ? `#${CSS.escape(item.id)} ` : "";
  const kind = element.localName, { evidence, key } = element.dataset;
  if (form && element.name) {
    const value = ["radio", "checkbox"].includes(element.type) ? `[value="${CSS.escape(element.value)}"]` : "";
    return `${inside}form[data-act="${form.dataset.act}"] ${kind}[name="${CSS.escape(element.name)}"]${value}`;
  }
  if (evidence) return `${inside}a[data-evidence="${CSS.escape(evidence)}"]`;
  if (key) return `${inside}${kind}[data-key="${key}"]`;
  return form ? `${inside}form[data-act="${form.dataset.act}"] ${kind}` : "";
}

const isChanged = (field) => field.matches("[type=checkbox], [type=radio]") ? field.checked !== field.defaultChecked
  : field.localName === "select" ? [...field.options].some((option) => option.selected !== option.defaultSelected) && field.selectedIndex > 0
    : field.value !== field.defaultValue;

const wordsOf = (panel) => `${panel.closest("[data-item]")?.id ?? ""} ${panel.querySelector("summary")?.textContent}`;

// Note how a page stands; what belongs to `done`, the form that was just sent, is not kept.
export function remember(done) {
  const mine = (element) => done?.contains(element) ?? false;
  const fields = [...document.querySelectorAll("#packet-root form[data-act]")].flatMap((form) => [...form.querySelectorAll(FIELDS)]);
  return {
    scrolls: PANES.map((id) => [id, document.getElementById(id)?.scrollTop ?? 0]),
    panels: [...document.querySelectorAll("#packet-root details[open]")].filter((one) => !one.contains(done ?? null)).map(wordsOf),
    fields: fields.filter((one) => !mine(one) && isChanged(one)).map((one) => [addressOf(one), one.value, one.checked]),
    focus: mine(document.activeElement) ? "" : addressOf(document.activeElement),
    range: document.activeElement?.matches?.("textarea") ? [document.activeElement.selectionStart, document.activeElement.selectionEnd] : null,
    source: document.querySelector("#source [data-back]") ? [...document.getElementById("source").childNodes] : null,
    chosen: document.querySelector("[data-evidence][aria-current]")?.dataset.evidence,
    keys: document.getElementById("keys-on")?.checked ?? true,
  };
}

// Bring a new page to how the old one stood; return whether the focus has its place.
export function recall(memory) {
  const known = new Set(memory.panels);
  for (const panel of document.querySelectorAll("#packet-root details")) if (known.has(wordsOf(panel))) panel.open = true;
  for (const [address, value, checked] of memory.fields) {
    const field = address && document.querySelector(address);
    if (!field) continue;
    if (field.matches("[type=checkbox], [type=radio]")) field.checked = checked; else field.value = value;
    field.closest("details")?.setAttribute("open", "");
  }
  if (memory.source && !document.querySelector("#source [data-back]")) document.getElementById("source").replaceChildren(...memory.source);
  markChosen(memory.chosen);
  const box = document.getElementById("keys-on");
  if (box) box.checked = memory.keys;
  for (const [id, top] of memory.scrolls) { const pane = document.getElementById(id); if (pane) pane.scrollTop = top; }
  const place = memory.focus && document.querySelector(memory.focus);
  if (!place) return false;
  place.focus({ preventScroll: true });
  if (memory.range) place.setSelectionRange?.(...memory.range);
  return document.activeElement === place;
}

// Mark the citations of the source that is open.
export function markChosen(evidence) {
  for (const mark of document.querySelectorAll("[data-evidence][aria-current]")) mark.removeAttribute("aria-current");
  if (!evidence) return;
  for (const mark of document.querySelectorAll(`[data-evidence="${CSS.escape(evidence)}"]`)) mark.setAttribute("aria-current", "true");
}
