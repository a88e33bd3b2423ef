// Brings a part of the page that takes a moment longer from its own address, once it comes near the window. Without a
// script the part holds a link to the same.
const bring = async (part) => {
  try {
    const answer = await fetch(part.dataset.part);
    if (answer.ok) part.outerHTML = await answer.text();
  } catch {
    // The link stays.
  }
};
const watch = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting) {
        watch.unobserve(target);
        bring(target);
      }
    }
  },
  { rootMargin: "300px" },
);
for (const part of document.querySelectorAll("[data-part]")) watch.observe(part);
