// The matrix by keyboard and by mouse, and the two themes.
const buttons = () => [...table.rows]
  .filter((row) => !row.hidden)
  .map((row) => [...row.cells].filter((cell) => !cell.hidden).map((cell) => cell.querySelector("button")));

// One stop for the Tab key; arrow keys move from there.
function stopAt(button) {
  for (const other of table.querySelectorAll('[tabindex="0"]')) other.tabIndex = -1;
  if (button) button.tabIndex = 0;
}

table.addEventListener("focusin", (event) => stopAt(event.target));

table.addEventListener("keydown", (event) => {
  const grid = buttons();
  const row = grid.findIndex((line) => line.includes(event.target));
  if (row < 0) return;
  const column = grid[row].indexOf(event.target);
  const [bottom, right] = [grid.length - 1, grid[row].length - 1];
  const to = {
    ArrowUp: [row - 1, column],
    ArrowDown: [row + 1, column],
    ArrowLeft: [row, column - 1],
    ArrowRight: [row, column + 1],
    Home: [event.ctrlKey ? 1 : row, event.ctrlKey ? 1 : 0],
    End: [event.ctrlKey ? bottom : row, right],
    PageUp: [Math.max(row - 10, 0), column],
    PageDown: [Math.min(row + 10, bottom), column],
  }[event.key];
  if (!to) return;
  event.preventDefault();
  grid[to[0]]?.[to[1]]?.focus();
});

function openCell({ clause, subject, case: start }) {
  const mine = (verdict) =>
    (clause === undefined || verdict.item.clauses.includes(clause))
    && (subject === undefined || verdict.subject === Number(subject));
  const title = [];
  if (clause !== undefined) title.push(make("span", "", `${clause} `), make("small", "", `${DATA.clauses[clause]} `));
  if (subject !== undefined) title.push(make("span", "", DATA.subjects[subject].name));
  // A case that is asked for by name is shown whatever the filter says.
  openPanel(title, (start ? VERDICTS : shown).filter(mine), start);
}

for (const opens of document.querySelectorAll("[data-subject], button[data-clause]")) {
  opens.addEventListener("click", () => openCell(opens.dataset));
}
stopAt(table.querySelector(".fail") ?? table.querySelector(".cell:not([aria-disabled])"));

const dark = () => getComputedStyle(document.documentElement).colorScheme === "dark"
  || (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
const theme = at("theme");
const tell = () => theme.setAttribute("aria-pressed", dark());
theme.addEventListener("click", () => {
  document.documentElement.dataset.theme = dark() ? "light" : "dark";
  tell();
});
tell();
