// What every page needs: announcements, and rows of a table by keyboard.
export function announce(text) {
  const place = document.getElementById("announcements");
  if (!place) return;
  place.textContent = "";
  window.setTimeout(() => { place.textContent = text; }, 50);
}

export function csrf() {
  return document.querySelector('meta[name="csrf"]')?.content ?? "";
}

// Show a message that stays until it is replaced; `retry` is called when its button is pressed.
export function toast(text, tone = "", retry = null) {
  document.getElementById("toast")?.remove();
  const box = document.createElement("div");
  box.id = "toast";
  box.className = `notice toast ${tone}`;
  box.setAttribute("role", tone === "bad" ? "alert" : "status");
  const words = document.createElement("p");
  words.textContent = text;
  box.append(words);
  if (retry) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "small";
    button.textContent = "Try now";
    button.addEventListener("click", retry);
    box.append(button);
  }
  const close = document.createElement("button");
  close.type = "button";
  close.className = "small";
  close.textContent = "Close";
  close.addEventListener("click", () => box.remove());
  box.append(close);
  document.body.append(box);
  return box;
}

export function quiet() {
  document.getElementById("toast")?.remove();
}

function typing(target) {
  return target instanceof HTMLElement && target.closest("input, textarea, select, [contenteditable]");
}

// A table marked data-rows: j and k move between its rows' links, from inside the table only.
for (const table of document.querySelectorAll("table[data-rows]")) {
  table.addEventListener("keydown", (event) => {
    if (typing(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { j: 1, k: -1, ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const links = [...table.querySelectorAll("tbody tr a[data-row]")];
    const at = links.indexOf(document.activeElement);
    const next = links[Math.min(links.length - 1, Math.max(0, at + step))];
    if (next) { next.focus(); event.preventDefault(); }
  });
}
