// New draft: files by drop, the names of what was chosen, the service of a policy, no double submission.
import { announce } from "./posology.js";

const drop = document.getElementById("drop"), files = document.getElementById("files");
const chosen = document.getElementById("chosen"), policy = document.getElementById("policy");
const service = document.getElementById("service"), form = document.getElementById("new-form");

function tell() {
  const names = [...files.files].map((file) => file.name);
  chosen.textContent = names.length ? `${names.length} chosen: ${names.join(", ")}` : "";
}

for (const kind of ["dragenter", "dragover"]) {
  drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
}
for (const kind of ["dragleave", "drop"]) {
  drop.addEventListener(kind, () => drop.classList.remove("over"));
}
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  files.files = event.dataTransfer.files;
  tell();
});
files.addEventListener("change", tell);
policy.addEventListener("change", () => {
  const known = policy.selectedOptions[0]?.dataset.service;
  if (known && !service.value) { service.value = known; announce(`Service set to ${known}.`); }
});
form.addEventListener("submit", () => {
  const button = form.querySelector("button.first");
  button.disabled = true;
  button.textContent = "Starting ...";
});
window.addEventListener("pageshow", () => {
  const button = form.querySelector("button.first");
  button.disabled = false;
  button.textContent = "Start the draft";
});
