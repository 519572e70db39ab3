// Two letters: words that are selected are marked as invented, or as the place of what is missing.
// Places are counted in characters as the server counts them (code points), not in UTF-16 units.
import { announce } from "./posology.js";

const form = document.getElementById("rating"), field = form.elements.marks;
const marker = document.getElementById("marker"), list = document.getElementById("marked");
const letters = [...document.querySelectorAll(".letter-text[data-side]")];
const texts = new Map(letters.map((one) => [one.dataset.side, [...one.textContent]]));
const WORDS = { invention: "invented", omission: "something is missing here" };
let marks = JSON.parse(field.value || "[]");
let last = null; // the selection, which a press on a button takes away in some browsers

const points = (text) => [...text].length;

// Return the side and the places of a selection that lies within one letter.
function selected() {
  const selection = window.getSelection();
  if (!selection.rangeCount || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0);
  const letter = letters.find((one) => one.contains(range.startContainer) && one.contains(range.endContainer));
  if (!letter) return null;
  const before = document.createRange();
  before.selectNodeContents(letter);
  before.setEnd(range.startContainer, range.startOffset);
  const text = texts.get(letter.dataset.side);
  let start = points(before.toString()), end = start + points(range.toString());
  while (start < end && /\s/.test(text[start])) start += 1;
  while (end > start && /\s/.test(text[end - 1])) end -= 1;
  return start < end ? { side: letter.dataset.side, start, end } : null;
}

// Return what the list of sentences holds, as marks.
function chosen() {
  return [...form.querySelectorAll("input[type=checkbox]:checked")].map((box) => {
    const [kind, side] = box.name.split("-"), [start, end] = box.value.split("-").map(Number);
    return { kind, side, start, end };
  });
}

function paint() {
  const all = [...marks, ...chosen()];
  for (const letter of letters) {
    const text = texts.get(letter.dataset.side), own = all.filter((one) => one.side === letter.dataset.side);
    const edges = [...new Set([0, text.length, ...own.flatMap((one) => [one.start, one.end])])].sort((a, b) => a - b);
    letter.replaceChildren(...edges.slice(0, -1).map((start, at) => {
      const words = text.slice(start, edges[at + 1]).join("");
      const kinds = [...new Set(own.filter((m) => m.start <= start && edges[at + 1] <= m.end).map((m) => m.kind))];
      if (!kinds.length) return document.createTextNode(words);
      const mark = document.createElement("mark");
      mark.className = kinds.sort().join(" ");
      mark.textContent = words;
      return mark;
    }));
  }
}

function enlist() {
  field.value = JSON.stringify(marks);
  list.replaceChildren(...marks.map((one, at) => {
    const item = document.createElement("li"), words = document.createElement("span");
    const quoted = texts.get(one.side).slice(one.start, one.end).join("");
    words.textContent = `Letter ${one.side.toUpperCase()}, ${WORDS[one.kind]}: “${quoted}” `;
    const note = document.createElement("input");
    note.value = one.note ?? "";
    note.maxLength = 500;
    note.setAttribute("aria-label", `Note on mark ${at + 1}`);
    note.placeholder = one.kind === "omission" ? "what is missing" : "note";
    note.addEventListener("input", () => { one.note = note.value; field.value = JSON.stringify(marks); });
    const button = document.createElement("button");
    button.type = "button";
    button.className = "small";
    button.textContent = "Remove";
    button.setAttribute("aria-label", `Remove mark ${at + 1}`);
    button.addEventListener("click", () => { marks.splice(at, 1); enlist(); paint(); announce("Mark removed."); });
    item.append(words, note, button);
    return item;
  }));
}

document.addEventListener("selectionchange", () => { last = selected() ?? last; });
for (const button of marker.querySelectorAll("button[data-kind]")) {
  button.addEventListener("click", () => {
    const place = selected() ?? last;
    if (!place) { announce("Select words in one of the letters first."); return; }
    const kind = button.dataset.kind;
    const same = marks.some((m) => m.kind === kind && m.side === place.side && m.start === place.start && m.end === place.end);
    if (!same) marks.push({ ...place, kind, note: "" });
    last = null;
    window.getSelection().removeAllRanges();
    enlist();
    paint();
    announce(`Marked as ${WORDS[kind]}.`);
  });
}
form.addEventListener("change", (event) => { if (event.target.type === "checkbox") paint(); });
marker.hidden = false;
enlist();
paint();
