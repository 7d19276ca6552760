// The optional map: loads ECharts and the outline only when asked, fails with an exception.

const LIBRARY = "/frontend/echarts.min.js";
const OUTLINE = "/frontend/china.json";

let ready = null;

function load() {
  ready ??= loadLibrary().then(async (library) => {
    const outline = await loadOutline();
    library.registerMap("china", outline);
    return {
      library,
      names: new Map(outline.features.map((f) => [String(f.properties.id ?? f.id), f.properties.name])),
    };
  });
  ready.catch(() => { ready = null; });
  return ready;
}

function loadLibrary() {
  if (window.echarts) return Promise.resolve(window.echarts);
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = LIBRARY;
    script.onload = () => (window.echarts ? resolve(window.echarts) : reject(new Error(LIBRARY)));
    script.onerror = () => reject(new Error(LIBRARY));
    document.head.append(script);
  });
}

async function loadOutline() {
  const response = await fetch(OUTLINE);
  if (!response.ok) throw new Error(OUTLINE);
  return response.json();
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Draw the map in `container`; returns {update(rows, field), close()}. `open(row)` on selection. */
export async function drawMap(container, open) {
  const { library, names } = await load();
  const chart = library.init(container);
  let shown = new Map();
  chart.on("click", (event) => {
    const row = shown.get(event.name);
    if (row) open(row);
  });
  const resized = new ResizeObserver(() => chart.resize());
  resized.observe(container);

  function update(rows, field) {
    shown = new Map(rows.flatMap((row) => {
      const name = names.get(row.region_code);
      return name ? [[name, row]] : [];
    }));
    const data = [...shown].map(([name, row]) => ({ name, value: row[field] }));
    const most = Math.max(1, ...data.map((item) => item.value));
    chart.setOption({
      animation: false,
      tooltip: { renderMode: "richText", formatter: (item) => label(item) },
      visualMap: {
        min: 0, max: most, left: 8, bottom: 8, calculable: false,
        inRange: { color: [colour("--map-low"), colour("--map-high")] },
        textStyle: { color: colour("--muted") },
        text: [most.toLocaleString("en-US"), "0"],
      },
      series: [{
        type: "map", map: "china", data, selectedMode: false, nameProperty: "name",
        itemStyle: { areaColor: colour("--track"), borderColor: colour("--line") },
        emphasis: { label: { show: true }, itemStyle: { areaColor: colour("--increment-soft") } },
      }],
    });
  }

  function label(item) {
    return Number.isFinite(item.value) ? `${item.name}  ${item.value.toLocaleString("en-US")}` : item.name;
  }

  return {
    update,
    close: () => {
      resized.disconnect();
      chart.dispose();
    },
  };
}
