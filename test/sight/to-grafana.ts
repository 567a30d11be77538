import {
  GraphThresholdsStyleConfigBuilder,
  LegendDisplayMode,
  LegendPlacement,
  GraphThresholdsStyleMode,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import {
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder, QueryEditorMode } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import type { Dashboard, Panel } from "../../src/sight/dashboards.ts";

const width = 12;
const height = 8;

/** By Grafana's own library: what it builds is what Grafana provisions from files and imports by hand. */
export function toGrafana({ uid, title, panels }: Dashboard) {
  // The new model is for Grafana 12 and above alone; every Grafana reads this one.
  // oxlint-disable-next-line typescript/no-deprecated
  const dashboard = new DashboardBuilder(title)
    .uid(uid)
    .tags(["countersign"])
    .timezone("browser")
    .editable()
    .tooltip(DashboardCursorSync.Crosshair)
    .version(1)
    .refresh("30s")
    .time({ from: "now-6h", to: "now" })
    // Whoever imports it chooses which Prometheus is meant.
    .withVariable(new DatasourceVariableBuilder("source").label("Prometheus").type("prometheus"));
  for (const [at, panel] of panels.entries()) dashboard.withPanel(toPanel(panel, at));
  return dashboard.build();
}

const datasource = { type: "prometheus", uid: "${source}" };

function toPanel({ title, unit, queries, target, isForeign }: Panel, at: number): PanelBuilder {
  const style = target === undefined ? "Off" : "Line";
  const panel = new PanelBuilder()
    .id(at + 1)
    .title(title)
    .datasource(datasource)
    .gridPos({ x: (at % 2) * width, y: Math.floor(at / 2) * height, w: width, h: height })
    .unit(unit)
    .min(0)
    .fillOpacity(10)
    .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode[style]))
    .thresholds(
      new ThresholdsConfigBuilder()
        .mode(ThresholdsMode.Absolute)
        .steps([
          { color: "green", value: null },
          ...(target === undefined ? [] : [{ color: "orange", value: target }]),
        ]),
    )
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi));
  if (isForeign === true) panel.description("Of another exporter: empty where there is none.");
  for (const [index, { expr, legend }] of queries.entries())
    panel.withTarget(
      new DataqueryBuilder()
        .refId(String.fromCharCode("A".charCodeAt(0) + index))
        .datasource(datasource)
        .editorMode(QueryEditorMode.Code)
        .range()
        .expr(expr)
        .legendFormat(legend),
    );
  return panel;
}
