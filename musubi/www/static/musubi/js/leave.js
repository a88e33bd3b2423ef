// Asks before a page with unsaved words is left: <form data-leave>.
let dirty = false;
for (const form of document.querySelectorAll("form[data-leave]")) {
  form.addEventListener("input", () => { dirty = true; });
  form.addEventListener("submit", () => { dirty = false; });
}
addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });
