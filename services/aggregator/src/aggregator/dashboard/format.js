// Numbers, shares and times as readers of either language write them; figures stay exact.

import { language, t } from "./strings.js";

const grouped = new Intl.NumberFormat("en-US");
const MILLION = 1e6;
const WAN = 1e4;

export const whole = (n) => (n === null || n === undefined ? "–" : grouped.format(n));
export const signed = (n) => (n > 0 ? `+${grouped.format(n)}` : grouped.format(n).replace("-", "−"));

// 万 has four digits below it, a million six: neither form loses a unit.
export function rounded(n) {
  const zh = language() === "zh";
  const [scale, digits, name] = zh ? [WAN, 4, " 万"] : [MILLION, 6, " million"];
  if (n === null || n === undefined || Math.abs(n) < scale) return whole(n);
  const text = new Intl.NumberFormat("en-US", { maximumFractionDigits: digits }).format(n / scale);
  return text + name;
}

export const isLarge = (n) => Math.abs(n ?? 0) >= (language() === "zh" ? WAN : MILLION);

export function qualified(figure) {
  if (!figure) return t("none");
  const known = ["EXACT", "MORE_THAN", "NEARLY", "AT_LEAST", "ASPIRATION", "REACH", "QUALITATIVE"];
  const qualifier = known.includes(figure.qualifier) ? figure.qualifier : "EXACT";
  return t(qualifier, { n: rounded(figure.value) });
}

// A share that is not zero is never shown as 0 %, nor one below its goal as 100 %.
export function percent(ratio) {
  if (ratio === null || ratio === undefined) return "–";
  if (ratio > 0 && ratio < 0.0001) return "<0.01%";
  if (ratio < 1 && ratio > 0.9999) return "99.99%";
  return `${(ratio * 100).toFixed(2).replace("-", "−")}%`;
}

const stamp = new Intl.DateTimeFormat("sv-SE", {
  timeZone: "Asia/Shanghai", dateStyle: "short", timeStyle: "medium",
});
const clock = new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai", timeStyle: "medium" });
const day = new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai", dateStyle: "short" });

export const todayInChina = () => day.format(new Date());
export const timeNow = () => clock.format(new Date());

export function asOf(text) {
  if (!text) return "–";
  if (!text.includes("T")) return t("end_of_day", { day: text });
  const moment = new Date(text);
  return Number.isNaN(moment.getTime()) ? text : t("china_time", { time: stamp.format(moment) });
}
