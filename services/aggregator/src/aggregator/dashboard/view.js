// Puts state into the page. All text goes in as text nodes; widths by the style object (CSP).

import * as format from "./format.js";
import { has, language, other, t } from "./strings.js";

export const SERIES = ["units", "members", "volunteers"];
export const FIELDS = [...SERIES, "enrolled"];

export const $ = (id) => document.getElementById(id);
const calm = matchMedia("(prefers-reduced-motion: reduce)");

export function make(tag, className = "", text = null) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== null) node.textContent = text;
  return node;
}

function set(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function flash(node) {
  if (calm.matches) return;
  const tint = getComputedStyle(node).getPropertyValue("--changed").trim();
  node.animate([{ backgroundColor: tint }, { backgroundColor: "transparent" }], 1200);
}

function setCount(node, value, mark) {
  const before = node.dataset.value;
  const now = String(value ?? "");
  if (before === now && node.textContent === format.whole(value)) return;
  node.dataset.value = now;
  set(node, format.whole(value));
  if (mark && before !== undefined && before !== "" && before !== now) flash(node);
}

export function translatePage() {
  document.documentElement.lang = language() === "zh" ? "zh-CN" : "en";
  document.documentElement.dataset.language = language();
  for (const node of document.querySelectorAll("[data-t]")) set(node, t(node.dataset.t));
  for (const node of document.querySelectorAll("[data-b]")) {
    set(node, t(node.dataset.b, {}, other()));
    node.lang = other() === "zh" ? "zh-CN" : "en";
  }
  for (const node of document.querySelectorAll("[data-label]")) {
    node.setAttribute("aria-label", t(node.dataset.label));
  }
  for (const node of document.querySelectorAll("[data-lang]")) {
    node.setAttribute("aria-pressed", String(node.dataset.lang === language()));
  }
}

// ---- cards ----

export function buildCards(onDefine) {
  for (const series of SERIES) {
    const card = $("card").content.cloneNode(true).firstElementChild;
    card.id = series;
    card.querySelector(".value").id = `${series}-value`;
    card.querySelector("h2").id = `${series}-title`;
    card.setAttribute("aria-labelledby", `${series}-title`);
    const define = card.querySelector(".define");
    define.dataset.t = "define";
    define.addEventListener("click", () => onDefine(series));
    for (const [selector, key] of [["h2 .label", series], [".target .what", "against_target"], [".increment .what", "against_increment"]]) {
      card.querySelector(selector).dataset.t = key;
    }
    for (const [selector, key] of [["h2 .beside", series], [".target .beside", "against_target"], [".increment .beside", "against_increment"]]) {
      card.querySelector(selector).dataset.b = key;
    }
    $("cards").append(card);
    $("since").querySelector("dl").append(make("dt"), make("dd", "", "–"));
  }
}

const figure = (item, key) =>
  item[key] === null || item[key] === undefined ? null : { value: item[key], qualifier: item[`${key}_qualifier`] };

export function showCard(series, item, plan, mark) {
  const card = $(series);
  setCount(card.querySelector(".value"), item.value, mark);
  card.querySelector(".define").setAttribute("aria-label", t("define_of", { name: t(series) }));
  const large = format.isLarge(item.value);
  set(card.querySelector(".rounded"), `${large ? `${format.rounded(item.value)} ` : ""}${t(`unit_of_${series}`)}`);
  set(card.querySelector(".extra"), extra(item));
  measure(card.querySelector(".target"), item.progress_target, item.target ? t("target_fact", { target: format.qualified(figure(item, "target")) }) : "", why(item, "progress_target"));
  measure(card.querySelector(".increment"), item.progress_increment, incrementFact(item, plan), why(item, "progress_increment"));
}

function extra(item) {
  const parts = [];
  if (item.enrolled !== undefined && item.enrolled !== null) parts.push(t("enrolled_of_which", { n: format.whole(item.enrolled) }));
  if (item.reported !== undefined && item.reported !== null) {
    parts.push(t("reported", { value: format.whole(item.value), reported: format.whole(item.reported), combined: format.whole(item.combined) }));
  }
  return parts.join(" · ");
}

function incrementFact(item, plan) {
  if (!item.baseline && !item.increment_target) return "";
  const increase = item.increment_target && { value: item.increment_target, qualifier: "EXACT" };
  const date = plan?.baseline_date ? t("on_date", { date: plan.baseline_date }) : "";
  const fact = t("increment_fact", { date, baseline: format.qualified(figure(item, "baseline")), increment: format.qualified(increase) });
  if (item.progress_increment === null || item.progress_increment === undefined || !item.baseline) return fact;
  return fact + t("change_fact", { change: format.signed((item.combined ?? item.value) - item.baseline) });
}

function why(item, key) {
  const code = item.reasons?.[key] ?? item.reason;
  if (!code) return "";
  return has(`reason_${code}`) ? t(`reason_${code}`) : code;
}

function measure(node, ratio, fact, reason) {
  const known = ratio !== null && ratio !== undefined;
  const text = known ? format.percent(ratio) : t("no_measure");
  set(node.querySelector(".percent"), text);
  node.dataset.ratio = known ? String(ratio) : "";
  node.dataset.met = String(known && ratio >= 1);
  const longest = Math.max(1, ratio ?? 0); // past 100 % the goal line moves, the bar stays inside
  node.querySelector(".fill").style.width = `${(Math.max(0, ratio ?? 0) / longest) * 100}%`;
  node.querySelector(".goal").style.left = `${100 / longest}%`;
  node.querySelector(".bar").setAttribute("aria-label", t("bar_label", { name: node.querySelector(".what").textContent, percent: text }));
  set(node.querySelector(".facts"), known ? fact : [fact, reason].filter(Boolean).join(" · "));
}

// ---- status ----

export function showConnection(state) {
  const node = $("connection");
  node.dataset.state = state;
  set(node, t(state));
}

// `asOf` is a day where a past one is shown, else the moment of the figures.
export function showStatus(progress, trusted, age, asOf) {
  const whether = trusted ? String(progress?.complete === true) : "unknown";
  const badge = $("complete");
  badge.dataset.complete = whether === "unknown" ? "false" : whether;
  badge.dataset.known = String(trusted);
  set(badge, t(`complete_${whether}`));
  const codes = trusted && progress?.complete !== true ? progress?.incomplete_reasons ?? [] : [];
  $("reasons").hidden = codes.length === 0;
  set($("reasons"), codes.length ? t("because", { list: codes.map(reasonText).join(language() === "zh" ? "；" : "; ") }) : "");
  const lag = progress?.lag_seconds;
  const known = lag !== null && lag !== undefined;
  $("lag").dataset.lag = known ? String(lag) : "";
  set($("lag"), known ? t("seconds", { n: (lag + age).toFixed(1) }) : "–");
  set($("as-of-time"), format.asOf(asOf));
}

// A reason is a code, or a code and the source it is about: "late:member".
function reasonText(reason) {
  const [code, source] = String(reason).split(":");
  const text = has(`incomplete_${code}`) ? t(`incomplete_${code}`) : code;
  if (!source) return text;
  return `${text} (${has(`source_${source}`) ? t(`source_${source}`) : source})`;
}

export function showPlan(plan) {
  const name = plan ? plan[`name_${language()}`] : "";
  set($("plan-name"), plan ? t("plan_period", { name, start: plan.start, end: plan.end }) : "");
  $("plan-ended").hidden = !plan?.ended;
  set($("plan-ended"), `${t("plan_ended")} ${t("plan_ended", {}, other())}`);
}

export function showSince(first, indicators, lastChange) {
  const [names, values] = ["dt", "dd"].map((tag) => $("since").querySelectorAll(tag));
  SERIES.forEach((series, index) => {
    const change = first ? indicators[series].value - first[series] : 0;
    set(names[index], t(series));
    set(values[index], change ? format.signed(change) : "0");
    values[index].dataset.value = String(change);
  });
  set($("last-change"), lastChange ?? "–");
}

export function showProblem(text) {
  $("problem").hidden = !text;
  set($("problem"), text ?? "");
}

export function showBreadcrumb(path, link) {
  const list = make("ol");
  path.forEach((unit, index) => {
    const item = make("li");
    const last = index === path.length - 1;
    const node = make(last ? "span" : "a", "", unit.name);
    if (last) node.setAttribute("aria-current", "page");
    else node.href = link(unit.id);
    item.append(node);
    list.append(item);
  });
  $("breadcrumb").replaceChildren(list);
}

export function definition(item) {
  const lang = language();
  const node = make("section");
  node.dataset.definition = item.id;
  const title = make("h3", "", item.label[lang]);
  title.append(" ", make("span", "beside", item.label[other()]));
  const beside = make("p", "beside", item.wording[other()]);
  beside.lang = other() === "zh" ? "zh-CN" : "en";
  const facts = make("dl");
  for (const [key, value] of [["formula", item.formula], ["source", item.source]]) {
    facts.append(make("dt", "", t(key)), make("dd", key === "formula" ? "code" : "", value));
  }
  node.append(title, make("p", "", item.wording[lang]), beside, facts);
  node.append(make("p", "note", t("version", { n: item.version })));
  return node;
}
