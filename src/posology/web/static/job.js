// A draft in progress: what it is doing, as it says so; a lost connection is taken up again.
import { announce } from "./posology.js";

const job = document.getElementById("job");
if (job && !["done", "failed", "cancelled"].includes(job.dataset.state)) {
  const stage = document.getElementById("stage"), bar = document.getElementById("bar");
  const events = new EventSource(`/api/v1/jobs/${job.dataset.job}/events`);
  let said = "";
  const tell = (event) => {
    const now = JSON.parse(event.data);
    if (["done", "failed", "cancelled"].includes(now.state)) {
      events.close();
      if (now.state === "done") { announce("The draft is ready."); window.location.replace(`/packets/${now.packet_id}`); }
      else window.location.reload();
      return;
    }
    stage.textContent = now.stage || "Waiting for its turn";
    if (now.stage && now.stage !== said) { said = now.stage; announce(said); }
    if (now.total) { bar.max = now.total; bar.value = now.done; } else bar.removeAttribute("value");
  };
  for (const kind of ["message", "progress", "state", "done", "failed", "cancelled"]) events.addEventListener(kind, tell);
}
