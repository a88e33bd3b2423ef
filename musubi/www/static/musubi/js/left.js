// Counts down to a moment, to the second: <span data-until data-words data-over>. The words hold {d} {h} {m} {s}. Without a
// script the moment itself stands beside it; the server's clock decides in any case.
for (const place of document.querySelectorAll("[data-until]")) {
  const end = Date.parse(place.dataset.until);
  const show = () => {
    const seconds = Math.floor((end - Date.now()) / 1000);
    if (seconds < 0) {
      place.textContent = place.dataset.over;
      clearInterval(ticking);
      return;
    }
    const parts = {
      d: Math.floor(seconds / 86400),
      h: Math.floor(seconds / 3600) % 24,
      m: Math.floor(seconds / 60) % 60,
      s: seconds % 60,
    };
    place.textContent = place.dataset.words.replace(/\{(\w)\}/g, (_, name) => parts[name]);
  };
  const ticking = setInterval(show, 1000);
  show();
}
