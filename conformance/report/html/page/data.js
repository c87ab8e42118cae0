// What the run found, read from the page. Texts go into the page as text nodes, never as markup.
const DATA = JSON.parse(document.getElementById("data").textContent);
const GOOD = new Set(DATA.good);
const at = (id) => document.getElementById(id);

const VERDICTS = DATA.verdicts.map(
  ([subject, item, status, worst, ulp, spread, seconds, grade, reason, ...suspects]) => ({
    subject,
    item: DATA.cases[item],
    status: DATA.statuses[status],
    bad: !GOOD.has(DATA.statuses[status]),
    worst: number(worst),
    ulp: number(ulp),
    spread: number(spread),
    seconds,
    grade: DATA.grades[grade],
    reason: DATA.reasons[reason],
    suspects: suspects.map((place) => DATA.suspects[place]),
  }),
);

// Infinity and NaN come by their names, since JSON has neither.
function number(value) {
  return value === null ? null : Number(value);
}

const ORDER = { xfail: 2, pass: 3 };

function rank(verdict) {
  return verdict.bad ? 1 : (ORDER[verdict.status] ?? 4);
}

// NaN is as bad as infinity; what has no number comes after those that have one.
function size(verdict) {
  if (verdict.worst === null) return -1;
  return Number.isNaN(verdict.worst) ? Infinity : verdict.worst;
}

function worstFirst(one, other) {
  const first = rank(one) - rank(other);
  if (first) return first;
  const [mine, theirs] = [size(one), size(other)];
  return mine === theirs ? 0 : theirs - mine;
}

// The same digits as in the other reports.
const special = (value) => (Number.isNaN(value) ? "nan" : "∞");
const scientific = (value) => value.toExponential(1).replace(/(e[+-])(\d)$/, "$10$2");

function ratio(value) {
  if (value === null) return "";
  if (!Number.isFinite(value)) return special(value);
  if (value === 0) return "0";
  return value < 100 ? value.toFixed(2) : scientific(value);
}

function ulps(value) {
  if (value === null) return "";
  if (!Number.isFinite(value)) return special(value);
  if (value > 1e9) return ">1e9";
  return value < 1e6 ? value.toFixed(0) : scientific(value);
}

function make(tag, look, ...parts) {
  const made = document.createElement(tag);
  if (look) made.className = look;
  made.append(...parts.filter((part) => part !== null && part !== ""));
  return made;
}

function button(look, ...parts) {
  const made = make("button", look, ...parts);
  made.type = "button";
  return made;
}
