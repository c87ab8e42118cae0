// One case with one subject's verdict: what went in, what is due, what came, and how to see it again.
const MERGED = 4;

function showCase(verdict) {
  const item = verdict.item;
  const told = make("dl", "told");
  const tell = (label, ...parts) => told.append(make("dt", "", label), make("dd", "", ...parts));
  tell("subject", DATA.subjects[verdict.subject].name);
  tell("verdict", make("strong", verdict.bad ? "wrong" : "", `${verdict.bad ? "✕ " : ""}${verdict.status}`));
  if (verdict.reason) tell("reason", make("span", "said", verdict.reason));
  if (verdict.worst !== null) tell("error", errorOf(verdict));
  if (verdict.ulp !== null) tell("distance", `${ulps(verdict.ulp)} ULP`);
  if (verdict.spread !== null) tell("run to run", verdict.spread === 0 ? "no difference" : `${ulps(verdict.spread)} ULP`);
  if (verdict.suspects.length) {
    tell("looks like", ...verdict.suspects.map((name) => make("span", "mistake", make("code", "", name), ` ${DATA.mistakes[name]}`)));
  }
  tell(item.clauses.length > 1 ? "clauses" : "clause", ...item.clauses.map((name) => make("span", "clause", make("b", "", name), ` ${DATA.clauses[name]}`)));
  if (item.flags.length) tell("why it exists", item.flags.map((flag) => DATA.flags[flag]).join("; "));
  tell("see it again", commandOf(verdict));
  at("case").replaceChildren(
    make("h3", "", item.id),
    make("p", "about", item.about),
    told,
    make("h4", "", "Input"),
    make("p", "", `operation ${item.op}`, ...item.params.map(([name, value]) => `, ${name} = ${value}`)),
    ...item.inputs.map(arrayOf),
    make("h4", "", "Expected"),
    ...(item.error ? [make("p", "", `a refusal of kind ${item.error}`)] : item.expected.map(arrayOf)),
    ...othersOf(verdict),
  );
  at("case").scrollTop = 0;
}

function errorOf(verdict) {
  if (!Number.isFinite(verdict.worst)) return "∞: no error is allowed here, or NaN came for a number, or the reverse";
  return `${ratio(verdict.worst)} of its budget${verdict.grade ? `, grade ${verdict.grade}` : ""}`;
}

function commandOf(verdict) {
  const text = `python -m conformance ${DATA.subjects[verdict.subject].rerun} --case ${verdict.item.id}`;
  return make("div", "command", make("code", "", text), button("copy", "Copy"));
}

// Rows and columns as in the array: the last axis across, or the last two where that one is short.
function arrayOf(array) {
  const shape = array.shape;
  const merged = shape.length > 2 && shape.at(-1) <= MERGED ? 2 : 1;
  const across = shape.slice(-merged).reduce((product, length) => product * length, 1);
  const outer = shape.slice(0, -merged);
  const texts = array.text ? array.text.split(" ") : [];
  const bits = array.bits.split(" ");
  const table = make("table", "");
  if (shape.length) {
    const columns = Math.min(across, texts.length);
    const names = Array.from({ length: columns }, (_, column) => indexOf(column, shape.slice(-merged)));
    table.append(make("thead", "", make("tr", "", make("td", ""), ...names.map((name) => make("th", "", name)))));
  }
  const body = make("tbody", "");
  for (let start = 0; start < texts.length; start += across) {
    const row = make("tr", "");
    if (shape.length) row.append(make("th", "", outer.length ? indexOf(start / across, outer) : ""));
    for (let place = start; place < Math.min(start + across, texts.length); place += 1) {
      row.append(make("td", "", texts[place], make("span", "", bits[place])));
    }
    body.append(row);
  }
  table.append(body);
  const box = make("div", "scroll", table);
  box.tabIndex = 0;
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", array.name);
  const cut = array.total > texts.length ? `: the first ${texts.length} of ${array.total.toLocaleString("en")} numbers` : "";
  const head = `${array.dtype} [${shape.join(", ")}]${cut}${budgetOf(array)}`;
  return make("div", "array", make("p", "", make("b", "", array.name), ` ${head}`), box);
}

function budgetOf(array) {
  if (!array.budget) return "";
  const largest = Math.max(...array.budget);
  if (largest === 0) return "; no error allowed";
  return `; error allowed: ${array.budget.length > 1 ? "up to " : ""}${largest.toPrecision(3)}`;
}

function indexOf(place, shape) {
  const index = [];
  for (const length of [...shape].reverse()) {
    index.unshift(place % length);
    place = Math.floor(place / length);
  }
  return index.join(",");
}

// The same case elsewhere shows which backend differs.
function othersOf(verdict) {
  const same = VERDICTS.filter((other) => other.item === verdict.item).sort(worstFirst);
  if (same.length < 2) return [];
  const body = make("tbody", "");
  for (const other of same) {
    const link = button("link", DATA.subjects[other.subject].name);
    link.addEventListener("click", () => showCase(other));
    const row = make(
      "tr",
      "",
      make("td", "", link),
      make("td", other.bad ? "wrong" : "", `${other.bad ? "✕ " : ""}${other.status}`),
      make("td", "", ratio(other.worst)),
      make("td", "", ulps(other.ulp)),
    );
    if (other === verdict) row.setAttribute("aria-current", "true");
    body.append(row);
  }
  const head = ["subject", "verdict", "error / budget", "ULP"].map((text) => make("th", "", text));
  const table = make("table", "plain others", make("thead", "", make("tr", "", ...head)), body);
  return [make("h4", "", "This case with every subject"), make("div", "scroll", table)];
}

document.addEventListener("click", async (event) => {
  const copy = event.target.closest(".copy");
  if (!copy) return;
  const code = copy.previousElementSibling;
  try {
    await navigator.clipboard.writeText(code.textContent);
    copy.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(code);
    copy.textContent = "Selected";
  }
  setTimeout(() => { copy.textContent = "Copy"; }, 1500);
});
