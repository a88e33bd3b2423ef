// Around the draft that saves itself (htmx posts it): tells when a save did not reach the server, and lets go of
// this device's own copy once the server has the words.
(() => {
  const form = document.querySelector("form[hx-post]");
  // The page that says the session had ended is no answer to what was sent: the copy on this device must stay.
  if (document.querySelector("[data-signed-out]")) sessionStorage.removeItem("musubi:sent");
  if (!form) return;
  const english = document.documentElement.lang === "en";
  let typed = 0, sent = 0, flying = false, leaving = false;
  form.addEventListener("input", () => { typed += 1; });
  form.addEventListener("htmx:beforeRequest", (event) => {
    if (leaving) { event.preventDefault(); return; }
    sent = typed;
    flying = true;
  });
  // The button waits for a save under way, or this window would overtake itself and be told it is the older one.
  form.addEventListener("submit", (event) => {
    leaving = true;
    if (!flying) return;
    event.preventDefault();
    const button = event.submitter;
    const go = () => { clearTimeout(patience); flying = false; form.requestSubmit(button); };
    const patience = setTimeout(go, 5000);
    form.addEventListener("htmx:afterRequest", go, { once: true });
  });
  addEventListener("pageshow", () => { leaving = false; });
  const tell = (text) => {
    const line = document.getElementById("saved");
    let words = line.querySelector("[data-words]");
    if (!words) { words = document.createElement("p"); words.dataset.words = ""; line.prepend(words); }
    words.textContent = text;
    words.className = "error";
  };
  form.addEventListener("htmx:beforeSwap", (event) => {
    const answer = event.detail.xhr;
    if (answer.status === 401) {
      event.detail.shouldSwap = false;
      tell(english
        ? "You have been signed out. What you typed is kept on this device: sign in in another tab, then save."
        : "ログインの有効期限が切れました。入力した内容はこの機器に残っています。別のタブでログインしてから保存してください。");
    } else if (answer.status >= 400) {
      event.detail.shouldSwap = false;
      tell(english
        ? "Not saved yet. What you typed is kept on this device; please press “Save draft”."
        : "まだ保存できていません。入力した内容はこの機器に残っています。「下書き保存」を押してください。");
    }
  });
  form.addEventListener("htmx:afterRequest", (event) => {
    flying = false;
    if (!event.detail.xhr.getResponseHeader("X-Saved")) return;
    // Once saved, the draft has an address of its own: what is typed from here on must be found there.
    const draft = form.querySelector("[name=draft]");
    const before = "musubi:" + form.dataset.autosave, words = localStorage.getItem(before);
    localStorage.removeItem(before);
    form.dataset.autosave = draft.dataset.key || "proposal-" + draft.value;
    form.action = draft.dataset.edit;
    if (words && sent !== typed) localStorage.setItem("musubi:" + form.dataset.autosave, words);
  });
  form.addEventListener("htmx:sendError", () => tell(english
    ? "No connection. What you typed is kept on this device and will be saved when you go on."
    : "通信できませんでした。入力した内容はこの機器に残っています。つながったら、続きを入力すると保存されます。"));
})();
