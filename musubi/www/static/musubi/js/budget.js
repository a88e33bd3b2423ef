// Live help for a budget: sums while typing, rows added and taken away. The server adds up what counts.
(() => {
  const box = document.querySelector("[data-budget]");
  if (!box) return;
  const form = box.closest("form");
  const english = document.documentElement.lang === "en";
  const yen = (text) => Number(text.normalize("NFKC").replace(/[,、円\s]/g, "")) || 0;
  const show = (n) => n.toLocaleString("ja-JP");
  const rows = box.querySelector(".cost-rows");
  const sums = () => {
    const total = [...form.querySelectorAll("[name=cost_yen]")].reduce((sum, e) => sum + yen(e.value), 0);
    const put = (id, words) => { const line = document.getElementById(id); if (line) line.textContent = words; };
    put("sum-costs", show(total));
    const money = form.querySelectorAll("[data-money] input");
    if (!money.length) return;
    const income = [...money].filter((e) => e.name !== "deductible_tax").reduce((sum, e) => sum + yen(e.value), 0);
    put("sum-money", show(income));
    const left = document.getElementById("sum-left");
    if (!left) return;
    left.className = income !== total ? "off" : total ? "even" : "unknown";
    const gap = show(Math.abs(income - total));
    left.textContent = !income && !total
      ? (english ? "Once costs and income are there, it says here whether they are equal." : "経費と収入を入れると、同じ額になっているかがここに出ます。")
      : income === total
      ? (english ? "Income and costs are equal." : "収入と経費が同じ額になっています。")
      : income < total
        ? (english ? `Income is ${gap} yen short.` : `収入が経費より${gap}円足りません。`)
        : (english ? `Income is ${gap} yen too much.` : `収入が経費より${gap}円多くなっています。`);
  };
  const add = (focus) => {
    const all = rows.querySelectorAll(".cost-row"), fresh = all[all.length - 1].cloneNode(true);
    fresh.querySelectorAll(".error, .evidence").forEach((e) => e.remove());
    fresh.querySelectorAll("input").forEach((e) => { e.value = ""; e.removeAttribute("aria-invalid"); e.removeAttribute("aria-describedby"); });
    fresh.querySelectorAll("[id]").forEach((e) => { e.id = e.id.replace(/\d+/, all.length); });
    fresh.querySelectorAll("[for]").forEach((e) => { e.htmlFor = e.htmlFor.replace(/\d+/, all.length); });
    const legend = fresh.querySelector("legend");
    legend.textContent = legend.textContent.replace(/\d+/, all.length + 1);
    rows.append(fresh);
    if (focus) fresh.querySelector("select").focus();
  };
  const more = box.querySelector("[data-add-row]");
  more.hidden = false;
  more.addEventListener("click", () => add(true));
  rows.addEventListener("click", (event) => {
    const button = event.target.closest("[data-drop-row]");
    if (!button) return;
    const row = button.closest(".cost-row");
    if (rows.querySelectorAll(".cost-row").length === 1) row.querySelectorAll("input").forEach((e) => { e.value = ""; });
    else row.remove();
    sums();
    form.dispatchEvent(new Event("input", { bubbles: true }));
    more.focus();
  });
  rows.querySelectorAll("[data-drop-row]").forEach((e) => { e.hidden = false; });
  // What this device kept may have more rows than the page: room for them, before they are put back.
  try {
    const kept = JSON.parse(localStorage.getItem("musubi:" + form.dataset.autosave));
    const wanted = kept ? kept.words.filter(([name]) => name === "cost_label").length : 0;
    while (rows.querySelectorAll(".cost-row").length < wanted) add(false);
  } catch { /* nothing was kept */ }
  form.addEventListener("input", sums);
  addEventListener("load", () => { if (form.querySelector("form > .note.info")) sums(); });
  sums();
})();
