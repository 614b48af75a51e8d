// What moves on a page: an element with data-poll="URL" is filled anew from there until the answer has no such element.
"use strict";
const POLL_MS = 2000;

async function poll(element) {
  try {
    const answer = await fetch(element.dataset.poll, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    const anew = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(element.id);
    if (!anew) return location.reload();
    if (anew.innerHTML !== element.innerHTML) element.replaceChildren(...anew.childNodes);
    if (!anew.dataset.poll) return location.reload();
  } catch { /* Away for a moment: asked again. */ }
  setTimeout(poll, POLL_MS, element);
}

document.querySelectorAll("[data-poll]").forEach((element) => setTimeout(poll, POLL_MS, element));
// What such a form makes is shown on its answer only, which a second click would lose.
const once = document.querySelectorAll("form[data-once]");
once.forEach((form) => form.addEventListener("submit", (event) => {
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
}));
addEventListener("pageshow", () => once.forEach((form) => delete form.dataset.sent));
document.querySelectorAll("[data-print]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
});
document.querySelectorAll("[data-copy]").forEach((button) => {
  // Only there is a clipboard where the page came over https or from this machine.
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = "Copied";
  });
});
