// The page's state and its wiring: one chapter, live or on a past day, in one of two languages.

import { todayInChina, timeNow, whole } from "./format.js";
import { drawMap } from "./map.js";
import { keep, recall } from "./storage.js";
import { follow } from "./stream.js";
import { language, setLanguage, t } from "./strings.js";
import { createTable } from "./table.js";
import * as view from "./view.js";

const { $ } = view;
const NATIONAL = "100000";
const ANNOUNCE_MS = 10000; // a screen reader is told the figures no more often
const RETRY_MS = 5000;

const asked = new URLSearchParams(location.search);
const unit = asked.get("unit") || NATIONAL;
let day = asked.get("as_of") || "";
let progress = null;
let connection = "connecting";
let received = 0;
let first = null;
let lastChange = null;
let announced = { text: "", at: -ANNOUNCE_MS };
let stop = () => {};
let map = null;
let mapIsBehind = false;
let problem = null;

function link(id) {
  const query = new URLSearchParams();
  if (id !== NATIONAL) query.set("unit", id);
  if (day) query.set("as_of", day);
  const text = query.toString();
  return text ? `/?${text}` : "/";
}

// ---- showing ----

const table = createTable({
  link,
  flash: (cell) => view.flash(cell),
  onSort: () => map?.update(table.rows(), table.metric()),
});

function show(mark) {
  status();
  view.showProblem(problem && t(problem.key, { detail: problem.detail }));
  if (!progress) return;
  for (const series of view.SERIES) view.showCard(series, progress.indicators[series], progress.plan, mark);
  view.showPlan(progress.plan);
  view.showSince(first, progress.indicators, lastChange);
  $("since").hidden = Boolean(day);
}

function place() {
  const national = progress.unit.region_code === NATIONAL;
  view.showBreadcrumb([...progress.unit.ancestors, progress.unit], link);
  const title = national ? "provinces_title" : "chapters_title";
  $("chapters-name").dataset.t = title;
  $("chapters-beside").dataset.b = title;
  $("map-toggle").hidden = !national;
  view.translatePage();
  document.title = `${progress.unit.name} · ${t("title")}`;
}

function status() {
  const age = connection === "live" ? 0 : (performance.now() - received) / 1000;
  const trusted = Boolean(progress) && (connection === "live" || connection === "historic");
  view.showConnection(connection);
  view.showStatus(progress, trusted, day || !received ? 0 : age, day || progress?.at);
}

function announce() {
  if (!progress || performance.now() - announced.at < ANNOUNCE_MS) return;
  const values = view.SERIES.map((series) => [series, whole(progress.indicators[series].value)]);
  const text = t("announce", Object.fromEntries(values));
  if (text === announced.text) return;
  announced = { text, at: performance.now() };
  $("announce").textContent = text;
}

// ---- data ----

function take(data, rows, missing) {
  progress = data;
  problem = null;
  received = performance.now();
  const values = view.SERIES.map((series) => [series, data.indicators[series].value]);
  if (!day) first ??= Object.fromEntries(values);
  place();
  table.replace(rows, missing);
  show(true);
  map?.update(table.rows(), table.metric());
}

function apply(figures) {
  received = performance.now();
  const { rows = [], indicators = {}, unattributed, ...head } = figures;
  const before = view.SERIES.map((series) => progress.indicators[series].value).join();
  Object.assign(progress, head);
  for (const [series, item] of Object.entries(indicators)) {
    progress.indicators[series] = { ...progress.indicators[series], ...item };
  }
  const after = view.SERIES.map((series) => progress.indicators[series].value).join();
  if (before !== after || rows.length) lastChange = timeNow();
  table.update(rows, unattributed);
  show(true);
  mapIsBehind ||= rows.length > 0;
}

async function get(path, query) {
  const response = await fetch(`${path}?${new URLSearchParams(query)}`, {
    headers: { accept: "application/json", "accept-language": language() === "zh" ? "zh-CN" : "en" },
  });
  const body = await response.json().catch(() => null);
  if (response.ok && body) return body;
  throw Object.assign(new Error(body?.detail || body?.title || `HTTP ${response.status}`), { status: response.status });
}

async function loadDay() {
  const wanted = day;
  try {
    const [figures, counters] = await Promise.all([
      get("/v1/progress", { unit, as_of: wanted }),
      get("/v1/counters", { unit, by: "unit", as_of: wanted }),
    ]);
    if (wanted !== day) return; // another day was chosen meanwhile
    connection = "historic";
    take(figures, counters.rows, counters.unattributed);
  } catch (error) {
    fail(error);
    if (wanted === day && !isLasting(error)) setTimeout(() => wanted === day && loadDay(), RETRY_MS);
  }
}

const isLasting = ({ status }) => status >= 400 && status < 500 && status !== 408 && status !== 429;

function fail(error) {
  const lasting = isLasting(error);
  if (lasting) {
    stop();
    connection = "refused";
    const root = { id: NATIONAL, name: t("national") };
    if (!progress) view.showBreadcrumb([root, { id: unit, name: unit }], link);
  }
  const detail = error.status ? error.message.replace(/[。.]$/, "") : t("unreachable"); // goes into brackets
  problem = { key: lasting ? "failed_still" : "failed", detail };
  show(false);
}

function start() {
  stop();
  stop = () => {};
  $("as-of").value = day;
  $("to-live").hidden = !day;
  connection = "connecting";
  status();
  if (day) {
    loadDay();
    return;
  }
  stop = follow(`/v1/stream?${new URLSearchParams({ unit })}`, {
    snapshot: (data) => take(data, data.rows, data.unattributed),
    figures: apply,
    state: (state) => {
      connection = state;
      status();
    },
    // An event source hides why it was refused; the plain answer tells.
    failed: () => get("/v1/progress", { unit }).catch(fail),
  });
}

function choose(wanted) {
  day = wanted;
  first = null;
  lastChange = null;
  history.replaceState(null, "", link(unit));
  start();
}

// ---- definitions ----

async function define(series) {
  const list = $("definitions-list");
  list.replaceChildren(view.make("p", "", t("loading")));
  if (!$("definitions").open) $("definitions").showModal();
  try {
    const { items } = await get("/v1/definitions", {});
    list.replaceChildren(...items.map((item) => view.definition(item)));
    const wanted = list.querySelector(`[data-definition="${CSS.escape(series ?? "")}"]`);
    wanted?.classList.add("wanted");
    wanted?.scrollIntoView({ block: "start" });
  } catch (error) {
    list.replaceChildren(view.make("p", "problem", t("failed_still", { detail: error.status ? error.message : t("unreachable") })));
  }
}

// ---- map ----

async function toggleMap(wanted) {
  keep("map", wanted ? "1" : "");
  map?.close();
  map = null;
  $("map-figure").hidden = !wanted;
  $("map-problem").hidden = true;
  if (wanted) {
    try {
      map = await drawMap($("map"), (row) => location.assign(link(row.unit)));
      map.update(table.rows(), table.metric());
    } catch {
      keep("map", "");
      $("map-figure").hidden = true;
      $("map-problem").hidden = false;
    }
  }
  labelMap();
}

function labelMap() {
  const shown = !$("map-figure").hidden;
  $("map-toggle").setAttribute("aria-pressed", String(shown));
  $("map-toggle").textContent = t(shown ? "map_hide" : "map_show");
  $("map-problem").textContent = t("map_absent");
  $("map").setAttribute("aria-label", t("map_label", { name: t(table.metric()) }));
}

// ---- wiring ----

function translate() {
  view.translatePage();
  if (progress) {
    place();
    table.translate();
  }
  labelMap();
  show(false);
}

view.buildCards(define);
for (const button of document.querySelectorAll("[data-lang]")) {
  button.addEventListener("click", () => {
    setLanguage(button.dataset.lang);
    translate();
  });
}
$("as-of").max = todayInChina();
$("as-of").addEventListener("change", (event) => event.target.validity.valid && choose(event.target.value));
$("to-live").addEventListener("click", () => choose(""));
$("definitions-open").addEventListener("click", () => define(null));
$("definitions-close").addEventListener("click", () => $("definitions").close());
$("map-toggle").addEventListener("click", () => toggleMap($("map-figure").hidden));
// A hidden tab holds no connection: browsers allow six to a server.
document.addEventListener("visibilitychange", () => {
  if (day) return;
  if (document.hidden) stop();
  else start();
});
addEventListener("pagehide", () => stop());
addEventListener("pageshow", (event) => event.persisted && start());
setInterval(() => {
  status();
  if (mapIsBehind) map?.update(table.rows(), table.metric());
  mapIsBehind = false;
  announce();
}, 1000);

translate();
start();
if (recall("map") && unit === NATIONAL) toggleMap(true);
