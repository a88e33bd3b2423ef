// Counts letters while typing: <p data-counter-for="id" data-max="200">.
for (const counter of document.querySelectorAll("[data-counter-for]")) {
  const box = document.getElementById(counter.dataset.counterFor);
  const most = Number(counter.dataset.max);
  const limit = counter.textContent;
  const show = () => {
    // The server counts a line break as two letters, as the form sends it.
    const used = [...box.value.replace(/\r?\n/g, "\r\n")].length;
    counter.textContent = `${used} / ${limit}`;
    counter.classList.toggle("over", used > most);
  };
  if (box) {
    box.addEventListener("input", show);
    show();
  }
}
