// Keeps the words of <form data-autosave="key"> on this device until they have reached the server.
(() => {
  const prefix = "musubi:", sent = prefix + "sent", days = 3;
  const kept = (key) => { try { return JSON.parse(localStorage.getItem(prefix + key)); } catch { return null; } };
  const drop = (key) => localStorage.removeItem(prefix + key);
  const fields = (form) => [...form.elements].filter((e) =>
    e.name && e.name !== "csrfmiddlewaretoken" && !["password", "hidden", "file", "submit", "button"].includes(e.type));
  const read = (form) => fields(form).map((e) => [e.name, e.value, /radio|checkbox/.test(e.type) ? e.checked : null]);
  const forms = [...document.querySelectorAll("form[data-autosave]")];

  const last = sessionStorage.getItem(sent);
  const failed = document.querySelector(".summary, main [role=alert]");
  if (last && !failed && (!forms.some((f) => f.dataset.autosave === last) || document.querySelector(".note.success"))) drop(last);
  sessionStorage.removeItem(sent);

  for (const form of forms) {
    const key = form.dataset.autosave, before = read(form), draft = kept(key);
    if (draft && Date.now() - draft.at > days * 864e5) drop(key);
    else if (draft && !failed && JSON.stringify(draft.words) !== JSON.stringify(before)) {
      const left = fields(form);
      for (const [name, value, on] of draft.words) {
        const at = left.findIndex((e) => e.name === name && (on === null || e.value === value));
        if (at < 0) continue;
        const [field] = left.splice(at, 1);
        if (on === null) field.value = value; else field.checked = on;
      }
      const note = document.createElement("div");
      note.className = "note info";
      note.setAttribute("role", "status");
      const english = document.documentElement.lang === "en";
      const text = document.createElement("div");
      text.textContent = english ? "We brought back what you had typed. " : "送信していない入力を元に戻しました。";
      const undo = document.createElement("button");
      undo.type = "button";
      undo.className = "btn small quiet";
      undo.textContent = english ? "Discard it" : "破棄する";
      undo.onclick = () => { drop(key); location.reload(); };
      text.append(undo);
      note.append(document.createElement("span"), text);
      form.prepend(note);
    }
    let timer;
    form.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => localStorage.setItem(prefix + form.dataset.autosave, JSON.stringify({ at: Date.now(), words: read(form) })), 400);
    });
    form.addEventListener("submit", () => {
      clearTimeout(timer);
      localStorage.setItem(prefix + form.dataset.autosave, JSON.stringify({ at: Date.now(), words: read(form) }));
      sessionStorage.setItem(sent, form.dataset.autosave);
    });
  }
  // A shared counter computer: signing out forgets every draft.
  document.querySelector("[data-sign-out]")?.addEventListener("submit", () => {
    for (const key of Object.keys(localStorage)) if (key.startsWith(prefix)) localStorage.removeItem(key);
  });
})();
