import { stringify } from "yaml";
import { collectorConfig } from "../../src/sight/collector.ts";
import { dashboards } from "../../src/sight/dashboards.ts";
import { toRuleFile } from "../../src/sight/rules.ts";
import { toGrafana } from "./to-grafana.ts";

const from = (table: string): string =>
  `# Made of ${table} by test/sight/deploy-golden.test.ts. Changes belong there.\n`;
/** Long expressions stay on one line. */
const yaml = { lineWidth: 0 };

/** By their place in the repository. */
export const deployFiles: Readonly<Record<string, string>> = {
  "deploy/alerts/countersign.rules.yaml":
    from("src/sight/alerts.ts and src/sight/slos.ts") + stringify(toRuleFile(), yaml),
  "deploy/collector/config.yaml": from("src/sight/collector.ts") + stringify(collectorConfig, yaml),
  ...Object.fromEntries(
    dashboards.map((dashboard) => [
      `deploy/dashboards/${dashboard.uid}.json`,
      `${JSON.stringify(toGrafana(dashboard), null, 2)}\n`,
    ]),
  ),
};
