// Ticks or clears all boxes of a list at once; without a script they are ticked one by one.
for (const form of document.querySelectorAll("[data-tick-all]")) {
  const boxes = form.querySelectorAll('input[type="checkbox"]');
  const set = (on) => boxes.forEach((box) => { box.checked = on; });
  form.querySelectorAll("[data-tick]").forEach((row) => { row.hidden = false; });
  form.querySelector("[data-tick-on]")?.addEventListener("click", () => set(true));
  form.querySelector("[data-tick-off]")?.addEventListener("click", () => set(false));
}
