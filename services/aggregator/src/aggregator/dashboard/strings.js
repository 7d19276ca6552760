// Every text a reader of the dashboard sees: key → [Chinese, English]. Data is never put into HTML.

import { keep, recall } from "./storage.js";

const STRINGS = {
  title: ["红十字组织、会员、注册志愿者登记", "Registry of Red Cross units, members and registered volunteers"],
  skip: ["跳到各级红十字会列表", "Skip to the table of chapters"],
  breadcrumb: ["层级路径", "Path of chapters"],
  language: ["语言", "Language"],
  status: ["数据状态", "State of the data"],
  national: ["全国", "National"],
  footer: [
    "数字由登记事件逐笔累计。汇总数字不作舍入；按个人属性的细分中，1—4 显示为“<5”；为防由合计推算，个别较大的数显示为“≥5”。",
    "Figures are accumulated event by event from the registers. Totals are never rounded; in breakdowns by personal attribute 1–4 are shown as “<5”, and a larger cell as “≥5” where subtraction from the total would tell.",
  ],

  units: ["基层组织", "Grassroots units"],
  members: ["红十字会员", "Members"],
  volunteers: ["注册志愿者", "Registered volunteers"],
  enrolled: ["登记志愿者", "Enrolled volunteers"],
  chapter: ["红十字会", "Chapter"],
  unit_of_units: ["个", "units"],
  unit_of_members: ["人", "persons"],
  unit_of_volunteers: ["人", "persons"],
  enrolled_of_which: ["登记志愿者 {n} 人（含注册）", "{n} enrolled (registered included)"],
  reported: ["登记 {value} ＋ 上报 {reported} ＝ 合计 {combined}", "{value} registered + {reported} reported = {combined} combined"],

  against_target: ["对照期末目标", "Against the target"],
  against_increment: ["对照计划增量", "Against the increase"],
  target_fact: ["目标：{target}", "Target: {target}"],
  increment_fact: ["基数{date}：{baseline}；计划增加 {increment}", "Baseline{date}: {baseline}; planned increase: {increment}"],
  change_fact: ["；现较基数 {change}", "; now {change} on the baseline"],
  on_date: ["（{date}）", " ({date})"],
  bar_label: ["{name}：{percent}", "{name}: {percent}"],
  none: ["无", "none"],
  no_measure: ["不计算", "not computed"],
  reason_no_plan: ["没有适用的规划", "No plan applies"],
  reason_no_target: ["规划未给本级下达目标数", "The plan sets no target for this level"],
  reason_no_baseline: ["规划未载明基数", "The plan states no baseline"],
  reason_no_increase: ["规划未给本级下达增量", "The plan sets no increase for this level"],
  reason_no_figure: ["尚无数字", "No figure yet"],
  reason_before_plan: ["该日早于规划期", "The day is before the period of the plan"],
  reason_coverage: ["登记尚未覆盖全部组织，数字低于规划基数，不能当作增减", "The registry does not yet cover every chapter; a figure below the plan's baseline is no decrease"],

  EXACT: ["{n}", "{n}"],
  MORE_THAN: ["{n}余", "more than {n}"],
  NEARLY: ["近 {n}", "nearly {n}"],
  AT_LEAST: ["不少于 {n}", "at least {n}"],
  ASPIRATION: ["力争 {n}", "{n} (aspiration)"],
  REACH: ["达到 {n}", "to reach {n}"],
  QUALITATIVE: ["仅有文字表述", "stated in words only"],

  plan_period: ["{name}（{start} 至 {end}）", "{name} ({start} to {end})"],
  plan_ended: ["规划期已结束", "plan period has ended"],

  since: ["自打开本页以来", "Since this page was opened"],
  last_change: ["最近变动：", "Last change: "],

  live: ["实时连接", "Live"],
  connecting: ["正在连接…", "Connecting…"],
  lost: ["连接中断，正在重连…", "Connection lost, reconnecting…"],
  stalled: ["连接无响应", "No answer on the connection"],
  refused: ["无法取得", "Refused"],
  historic: ["历史数字", "Past figures"],
  complete_true: ["数据完整", "Complete"],
  complete_false: ["数据不完整", "Not complete"],
  complete_unknown: ["完整性未知", "Completeness unknown"],
  lag: ["滞后", "Lag"],
  seconds: ["{n} 秒", "{n} s"],
  as_of: ["截至", "As of"],
  china_time: ["{time}（北京时间）", "{time} (China time)"],
  end_of_day: ["{day} 日终", "end of {day}"],
  because: ["原因：{list}", "Because: {list}"],
  incomplete_late: ["数据源滞后", "a source lags behind"],
  incomplete_clock: ["时钟不一致，无法判断数字是否最新", "clocks disagree, so the age of the figures is unknown"],
  incomplete_gap: ["事件序列有缺口，等待补发", "a gap in the events, waiting for the resend"],
  incomplete_dead_letter: ["有无法处理的事件待处理", "events that could not be read await a decision"],
  incomplete_dismissed: ["有事件已放弃，未计入", "events were dismissed and are not counted"],
  incomplete_starting: ["数字正在载入", "the figures are being loaded"],
  "source_org-units": ["基层组织登记", "units"],
  source_member: ["会员登记", "members"],
  source_volunteer: ["志愿者登记", "volunteers"],

  as_of_pick: ["查看历史日期", "Show a past day"],
  to_live: ["回到实时", "Back to live"],
  chapters_title: ["下级红十字会", "Chapters below"],
  provinces_title: ["各省级红十字会", "Provincial chapters"],
  unattributed: ["未归属（单位尚未知）", "Unattributed (unit not yet known)"],
  no_rows: ["没有下级红十字会。", "No chapters below this one."],
  sort_by: ["按“{name}”排序", "Sort by {name}"],

  map_show: ["显示地图", "Show map"],
  map_hide: ["隐藏地图", "Hide map"],
  map_label: ["各省分布图：{name}。数字见下表。", "Map by province: {name}. The figures are in the table below."],
  map_notice: ["分布示意图，不作为划界依据；点按省份进入。", "Schematic map, no statement on boundaries; select a province to open it."],
  map_absent: ["此服务器未安装地图文件，请看下表中的条形。", "The map files are not installed on this server; see the bars in the table."],

  definitions: ["统计口径", "Counting definitions"],
  define: ["口径", "Definition"],
  define_of: ["“{name}”的统计口径", "Counting definition of {name}"],
  close: ["关闭", "Close"],
  loading: ["正在载入…", "Loading…"],
  formula: ["公式", "Formula"],
  source: ["依据", "Source"],
  version: ["口径版本 {n}", "Version {n}"],
  failed: ["暂时无法取得数据（{detail}）。本页会自动重试。", "The data cannot be reached now ({detail}). This page tries again by itself."],
  failed_still: ["无法取得数据（{detail}）。请检查网址，或稍后再试。", "The data cannot be had ({detail}). Check the address, or try again later."],
  unreachable: ["网络或服务器没有应答", "no answer from the network or the server"],
  announce: ["{units} 个基层组织，{members} 名会员，{volunteers} 名注册志愿者", "{units} units, {members} members, {volunteers} registered volunteers"],
};

export const LANGUAGES = ["zh", "en"];
let current = LANGUAGES.includes(recall("language")) ? recall("language") : "zh";

export const language = () => current;
export const other = () => (current === "zh" ? "en" : "zh");
export const has = (key) => Object.hasOwn(STRINGS, key);

export function setLanguage(wanted) {
  current = wanted;
  keep("language", wanted);
}

export function t(key, values = {}, lang = current) {
  const template = STRINGS[key][LANGUAGES.indexOf(lang)];
  return template.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}
