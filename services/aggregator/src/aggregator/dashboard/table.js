// The table of chapters below the one shown: sortable, each row a link one level down.

import { whole } from "./format.js";
import { other, t } from "./strings.js";
import { $, FIELDS, make } from "./view.js";

const SETTLE_MS = 10000; // rows keep their place this long while figures move
const COLUMNS = ["chapter", ...FIELDS];
const OPENABLE = new Set(["PROVINCE", "PREFECTURE", "COUNTY"]);

export function createTable({ link, flash, onSort }) {
  const table = $("provinces");
  const [head, body, foot] = [table.tHead, table.tBodies[0], table.tFoot];
  let rows = new Map();
  let nodes = new Map();
  let sort = { column: "chapter", descending: false };
  let sorted = 0;
  let unattributed = null;

  function heading() {
    const row = make("tr");
    for (const column of COLUMNS) {
      const cell = make("th", column === "chapter" ? "" : "number");
      cell.scope = "col";
      const active = sort.column === column;
      cell.setAttribute("aria-sort", active ? (sort.descending ? "descending" : "ascending") : "none");
      const button = make("button");
      button.type = "button";
      button.dataset.sort = column;
      button.title = t("sort_by", { name: t(column) });
      button.append(make("span", "label", t(column)), make("span", "beside", t(column, {}, other())));
      button.addEventListener("click", () => choose(column));
      cell.append(button);
      row.append(cell);
    }
    const focused = head.contains(document.activeElement) ? document.activeElement.dataset.sort : null;
    head.replaceChildren(row);
    if (focused) head.querySelector(`[data-sort="${focused}"]`)?.focus();
  }

  function choose(column) {
    const first = column !== "chapter"; // figures: the largest first; chapters: by region code
    sort = { column, descending: sort.column === column ? !sort.descending : first };
    heading();
    order();
    onSort();
  }

  function compare(a, b) {
    const sign = sort.descending ? -1 : 1;
    const figure = sort.column === "chapter" ? 0 : ((a[sort.column] ?? 0) - (b[sort.column] ?? 0)) * sign;
    const code = (row) => row.region_code ?? "~"; // industry chapters have none: last
    const place = code(a) < code(b) ? -1 : code(a) > code(b) ? 1 : a.name.localeCompare(b.name, "zh-CN");
    return figure || place * (sort.column === "chapter" ? sign : 1);
  }

  function order() {
    sorted = performance.now();
    const wanted = [...rows.values()].sort(compare).map((row) => nodes.get(row.unit));
    if (wanted.some((node, index) => body.children[index] !== node)) {
      const focused = document.activeElement;
      body.append(...wanted);
      if (body.contains(focused)) focused.focus({ preventScroll: true });
    }
    bars();
  }

  function build(row) {
    const node = make("tr");
    node.dataset.unit = row.unit;
    const name = make("th");
    name.scope = "row";
    if (OPENABLE.has(row.level)) {
      const anchor = make("a", "", row.name);
      anchor.href = link(row.unit);
      name.append(anchor);
    } else {
      name.append(make("span", "", row.name));
    }
    if (row.region_code) name.append(make("span", "code", row.region_code));
    node.append(name);
    for (const field of FIELDS) {
      const cell = make("td", "number");
      cell.dataset.field = field;
      node.append(cell);
    }
    return node;
  }

  function fill(row, mark) {
    for (const cell of nodes.get(row.unit).querySelectorAll("[data-field]")) {
      const value = String(row[cell.dataset.field] ?? "");
      if (cell.dataset.value === value) continue;
      const changed = cell.dataset.value !== undefined;
      cell.dataset.value = value;
      cell.textContent = whole(row[cell.dataset.field]);
      if (mark && changed) flash(cell);
    }
  }

  // A bar in the sorted column shows each chapter against the largest.
  function bars() {
    const most = Math.max(1, ...[...rows.values()].map((row) => row[sort.column] ?? 0));
    for (const row of rows.values()) {
      for (const cell of nodes.get(row.unit).querySelectorAll("[data-field]")) {
        const active = cell.dataset.field === sort.column;
        cell.classList.toggle("sorted", active);
        if (active) cell.style.setProperty("--share", `${((row[sort.column] ?? 0) / most) * 100}%`);
      }
    }
  }

  function footing() {
    const some = unattributed && FIELDS.some((field) => unattributed[field]);
    foot.replaceChildren();
    if (!some) return;
    const row = make("tr");
    row.id = "unattributed";
    const name = make("th", "", t("unattributed"));
    name.scope = "row";
    row.append(name, ...FIELDS.map((field) => make("td", "number", whole(unattributed[field]))));
    foot.append(row);
  }

  function replace(list, missing) {
    unattributed = missing ?? null;
    rows = new Map(list.map((row) => [row.unit, { ...row }]));
    nodes = new Map(list.map((row) => [row.unit, build(row)]));
    body.replaceChildren();
    for (const row of rows.values()) fill(row, false);
    table.hidden = rows.size === 0;
    $("no-rows").hidden = rows.size > 0;
    heading();
    footing();
    order();
  }

  function update(changed, missing) {
    for (const row of changed) {
      const known = rows.get(row.unit);
      rows.set(row.unit, { ...known, ...row });
      if (!known) nodes.set(row.unit, build(rows.get(row.unit)));
      fill(rows.get(row.unit), true);
    }
    if (missing) {
      unattributed = missing;
      footing();
    }
    const reading = body.contains(document.activeElement) || body.matches(":hover");
    const grown = rows.size !== body.children.length;
    if (grown || (changed.length && !reading && performance.now() - sorted > SETTLE_MS)) order();
    else if (changed.length) bars();
    table.hidden = rows.size === 0;
    $("no-rows").hidden = rows.size > 0;
  }

  return {
    replace,
    update,
    translate: () => replace([...rows.values()], unattributed),
    rows: () => [...rows.values()],
    metric: () => (sort.column === "chapter" ? "members" : sort.column),
  };
}
