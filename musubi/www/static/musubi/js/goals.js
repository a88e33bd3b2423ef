// A suggested goal is added on the spot: <button data-goal="14"> ticks the goal's box. Without a script the server does.
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-goal]");
  const box = button && document.querySelector(`input[name=goals][value="${button.dataset.goal}"]`);
  if (!box) return;
  event.preventDefault();
  box.checked = true;
  box.dispatchEvent(new Event("input", { bubbles: true }));
  const row = button.closest("li");
  const next = row.parentElement.querySelector(`li:not(:has([data-goal="${button.dataset.goal}"])) button`);
  row.remove();
  (next || document.querySelector("#advice h2"))?.focus?.();
});
