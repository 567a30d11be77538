import type { Dashboard, Panel } from "./dashboards.ts";

const width = 12;
const height = 8;

/** The classic model, which Grafana provisions from files and imports by hand. */
export function toGrafana({ uid, title, panels }: Dashboard) {
  return {
    id: null,
    uid,
    title,
    tags: ["countersign"],
    timezone: "browser",
    editable: true,
    graphTooltip: 1,
    schemaVersion: 39,
    version: 1,
    refresh: "30s",
    time: { from: "now-6h", to: "now" },
    timepicker: {},
    annotations: { list: [] },
    links: [],
    // Whoever imports it chooses which Prometheus is meant.
    templating: {
      list: [{ name: "source", label: "Prometheus", type: "datasource", query: "prometheus" }],
    },
    panels: panels.map(toPanel),
  };
}

const datasource = { type: "prometheus", uid: "${source}" };

function toPanel({ title, unit, queries, target, isForeign }: Panel, at: number) {
  return {
    id: at + 1,
    type: "timeseries",
    title,
    ...(isForeign === true
      ? { description: "Of another exporter: empty where there is none." }
      : {}),
    datasource,
    gridPos: {
      x: (at % 2) * width,
      y: Math.floor(at / 2) * height,
      w: width,
      h: height,
    },
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        custom: {
          fillOpacity: 10,
          thresholdsStyle: { mode: target === undefined ? "off" : "line" },
        },
        thresholds: {
          mode: "absolute",
          steps: [
            { color: "green", value: null },
            ...(target === undefined ? [] : [{ color: "orange", value: target }]),
          ],
        },
      },
      overrides: [],
    },
    options: { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi" } },
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode("A".charCodeAt(0) + index),
      datasource,
      editorMode: "code",
      range: true,
      expr,
      legendFormat: legend,
    })),
  };
}
