// The filter: words that all have to occur, and the verdicts that are shown.
const table = at("matrix");
const words = at("words");
const here = DATA.statuses.filter((status) => VERDICTS.some((verdict) => verdict.status === status));
const only = chip("failures only", "only");
only.disabled = !VERDICTS.some((verdict) => verdict.bad);
const boxes = new Map(here.map((status) => {
  const box = chip(`${status} ${VERDICTS.filter((verdict) => verdict.status === status).length.toLocaleString("en")}`, "");
  box.checked = true;
  return [status, box];
}));

function chip(text, look) {
  const box = make("input", "");
  box.type = "checkbox";
  at("statuses").append(make("label", `chip ${look}`, box, text));
  return box;
}

function haystack(verdict) {
  verdict.words ??= [
    verdict.item.id, verdict.item.about, ...verdict.item.clauses, verdict.item.op, verdict.item.dtype, ...verdict.item.flags,
    DATA.subjects[verdict.subject].name, verdict.status, verdict.reason, ...verdict.suspects,
  ].join(" ").toLowerCase();
  return verdict.words;
}

function matching() {
  const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
  return VERDICTS.filter((verdict) =>
    boxes.get(verdict.status).checked
    && (!only.checked || verdict.bad)
    && wanted.every((word) => haystack(verdict).includes(word)));
}

let shown = VERDICTS;

function filter() {
  shown = matching();
  const whole = shown.length === VERDICTS.length;
  const cells = new Set();
  const columns = new Set();
  const clauses = new Set();
  for (const verdict of shown) {
    columns.add(verdict.subject);
    for (const clause of verdict.item.clauses) {
      clauses.add(clause);
      cells.add(`${clause} ${verdict.subject}`);
    }
  }
  const kept = [...table.tHead.rows[0].cells].map((head, place) =>
    whole || place === 0 || columns.has(Number(head.firstElementChild.dataset.subject ?? -1)));
  for (const row of table.rows) {
    row.hidden = !whole && "clause" in row.dataset && !clauses.has(row.dataset.clause);
    [...row.cells].forEach((cell, place) => { cell.hidden = !kept[place]; });
  }
  for (const cell of table.querySelectorAll(".cell")) {
    cell.classList.toggle("off", !whole && !cells.has(`${cell.dataset.clause} ${cell.dataset.subject}`));
  }
  at("found").value = whole ? "" : `${shown.length.toLocaleString("en")} of ${VERDICTS.length.toLocaleString("en")} verdicts, ${clauses.size} clauses, ${columns.size} subjects`;
}

at("filter").addEventListener("input", filter);
at("filter").addEventListener("submit", (event) => event.preventDefault());
at("list").addEventListener("click", () => openPanel(["Everything that the filter shows:"], shown));
