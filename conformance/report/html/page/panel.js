// The panel: the cases of a cell, row or column, the worst first, and one of them in full.
const AT_ONCE = 200;
const panel = at("panel");
const list = at("cases");
const narrow = matchMedia("(max-width: 60rem)");
let rows = [];
let drawn = 0;

function openPanel(title, verdicts, start) {
  rows = [...verdicts].sort(worstFirst);
  const several = new Set(rows.map((row) => row.subject)).size > 1;
  at("panel-title").replaceChildren(...title, make("small", "", ` ${rows.length.toLocaleString("en")} cases`));
  list.replaceChildren();
  at("case").replaceChildren();
  panel.classList.remove("one");
  at("back").hidden = true;
  drawn = 0;
  const place = start ? rows.findIndex((row) => row.item.id === start) : -1;
  draw(several, place + 1);
  if (!panel.open) panel.showModal();
  if (!rows.length) {
    list.append(make("p", "none", "No case here that the filter shows."));
    at("panel-title").focus();
    return;
  }
  const first = list.children[Math.max(place, 0)];
  if (place >= 0 || !narrow.matches) choose(first);
  if (!panel.classList.contains("one")) first.focus();
}

// Hundreds of rows at a time: a subject may have thousands.
function draw(several, least = 0) {
  list.querySelector(".more")?.remove();
  const end = Math.min(rows.length, Math.max(drawn + AT_ONCE, least));
  for (; drawn < end; drawn += 1) list.append(line(rows[drawn], drawn, several));
  if (drawn < rows.length) {
    const more = button("more", `${(rows.length - drawn).toLocaleString("en")} more`);
    more.addEventListener("click", () => {
      const next = drawn;
      draw(several);
      list.children[next].focus();
    });
    list.append(more);
  }
}

function line(verdict, place, several) {
  const made = button(
    "case",
    make("b", "", verdict.item.id),
    make("span", verdict.bad ? "status wrong" : "status", standing(verdict)),
    make("small", "", several ? `${DATA.subjects[verdict.subject].name}: ` : "", verdict.item.about),
  );
  made.setAttribute("role", "option");
  made.setAttribute("aria-selected", "false");
  made.dataset.place = place;
  made.tabIndex = place ? -1 : 0;
  return made;
}

function standing(verdict) {
  // What fails for another reason than its number is not told by its number.
  const over = verdict.worst === null || (verdict.bad && verdict.worst <= 1) ? "" : ` ${ratio(verdict.worst)}`;
  return `${verdict.bad ? "✕ " : ""}${verdict.status}${over}`;
}

function choose(option) {
  for (const other of list.querySelectorAll('[aria-selected="true"]')) other.setAttribute("aria-selected", "false");
  for (const other of list.querySelectorAll('.case[tabindex="0"]')) other.tabIndex = -1;
  option.setAttribute("aria-selected", "true");
  option.tabIndex = 0;
  showCase(rows[Number(option.dataset.place)]);
  if (narrow.matches) {
    panel.classList.add("one");
    at("back").hidden = false;
    at("back").focus();
  }
}

list.addEventListener("click", (event) => {
  const option = event.target.closest(".case");
  if (option) choose(option);
});

list.addEventListener("keydown", (event) => {
  const option = event.target.closest(".case");
  const options = [...list.querySelectorAll(".case")];
  const last = options.length - 1;
  const now = options.indexOf(option);
  const to = { ArrowDown: Math.min(now + 1, last), ArrowUp: Math.max(now - 1, 0), Home: 0, End: last }[event.key];
  if (!option || to === undefined) return;
  event.preventDefault();
  options[to].focus();
  if (!narrow.matches) choose(options[to]);
});

at("back").addEventListener("click", () => {
  panel.classList.remove("one");
  at("back").hidden = true;
  list.querySelector('[aria-selected="true"]')?.focus();
});
at("close").addEventListener("click", () => panel.close());
// A click beside the panel lands on the dialog itself.
panel.addEventListener("click", (event) => {
  if (event.target === panel && event.clientX < panel.getBoundingClientRect().left) panel.close();
});
