// 「定型文から書く」 at once: the chosen text above what was typed; one put in before and left as it was gives way.
for (const picker of document.querySelectorAll("[data-wording-for]")) {
  const box = document.getElementById(picker.dataset.wordingFor);
  const choice = picker.querySelector("select");
  const button = picker.querySelector("button[name=fill]");
  let before = picker.querySelector("[name=wording_was]").value
    ? choice.selectedOptions[0]?.dataset.text ?? "" : "";
  if (!box || !button) continue;
  button.addEventListener("click", (event) => {
    event.preventDefault();
    const text = choice.selectedOptions[0]?.dataset.text;
    if (!text) return choice.focus();
    let typed = box.value;
    if (before && typed.startsWith(before)) typed = typed.slice(before.length);
    box.value = typed.trim() ? `${text}\n\n${typed.trim()}` : text;
    before = text;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    box.focus();
    // Begin where something is to be filled in by hand.
    const gap = text.search(/【|（　/);
    box.setSelectionRange(Math.max(gap, 0), Math.max(gap, 0));
  });
}
