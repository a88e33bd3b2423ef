// Moving a card to another stage: drag it, or choose the column with the arrow keys on its 「移す」.
// A move to the next stage is sent at once; any other leads to the form that asks for the reason.
const board = document.querySelector("[data-board]");
const form = document.getElementById("board-move");
const says = document.querySelector("[data-board-says]");
const columns = [...board.querySelectorAll("[data-stage]")];
document.querySelector("[data-board-hint]").hidden = false;

const columnOf = (node) => node.closest("[data-stage]");
const mark = (column) => columns.forEach((each) => each.classList.toggle("over", each === column));

function drop(card, column) {
  mark(null);
  const stage = column.dataset.stage;
  if (column === columnOf(card)) return;
  if (stage !== card.dataset.next) {
    const address = new URL(card.querySelector("[data-grip]").href);
    address.searchParams.set("to", stage);
    location.assign(address);
    return;
  }
  form.method = "post"; // where to is known only now
  form.action = card.dataset.moveTo;
  form.elements.to.value = stage;
  form.submit();
}

let carried = null;
for (const card of board.querySelectorAll("[data-card]")) {
  card.draggable = true;
  card.addEventListener("dragstart", (event) => {
    carried = card;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", card.id);
    card.classList.add("carried");
  });
  card.addEventListener("dragend", () => {
    carried = null;
    card.classList.remove("carried");
    mark(null);
  });

  const grip = card.querySelector("[data-grip]");
  let over = null;
  const choose = (column) => {
    over = column;
    mark(column);
    column?.scrollIntoView({ block: "nearest", inline: "nearest" });
    const name = column?.querySelector("h2, h3").firstChild.textContent;
    says.textContent = !column ? "" : column === columnOf(card) ? says.dataset.wordsHere : says.dataset.wordsOver + name;
  };
  grip.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) {
      event.preventDefault();
      const at = columns.indexOf(over ?? columnOf(card)) + step;
      if (columns[at]) choose(columns[at]);
    } else if (event.key === "Escape" && over) {
      choose(null);
    } else if (event.key === "Enter" && over) {
      event.preventDefault();
      drop(card, over);
    }
  });
  grip.addEventListener("blur", () => over && choose(null));
}

for (const column of columns) {
  column.addEventListener("dragover", (event) => {
    if (!carried) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "move";
    mark(column);
  });
  column.addEventListener("drop", (event) => {
    if (!carried) return;
    event.preventDefault();
    drop(carried, column);
  });
}
