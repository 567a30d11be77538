import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parseConfig } from "../src/adapters/yaml/parse-config.ts";
import {
  configSchemaFile,
  renderConfigSchema,
  renderInitialConfig,
} from "../src/model/initial-config.ts";
import { starterRules } from "../src/model/starter-rules.ts";
import { renderConfigReference } from "./render-config-reference.ts";

const root = new URL("../", import.meta.url);
const at = (path: string): string => fileURLToPath(new URL(path, root));

test("the JSON Schema for editors is the one that the program checks with", async () => {
  await expect(renderConfigSchema()).toMatchFileSnapshot(at(configSchemaFile));
});

test("the configuration reference is up to date", async () => {
  await expect(renderConfigReference()).toMatchFileSnapshot(at("docs/configuration.md"));
});

test("what init writes is valid, and means the defaults but for its rules", async () => {
  const initial = parseConfig(renderInitialConfig());
  await expect(renderInitialConfig()).toMatchFileSnapshot(at("test/golden/initial-config.yaml"));
  const rules = { starter: starterRules };
  expect(initial).toEqual(parseConfig(JSON.stringify({ version: 1, policy: { rules } })));
  expect(initial.kind).toBe("valid");
});

test("what init writes for a Postgres of one's own is valid", () => {
  const text = renderInitialConfig({ postgres: "env://DATABASE_URL", listen: "[::1]:8080" });
  const parsed = parseConfig(text);
  expect(parsed.kind === "valid" && parsed.revision.config).toMatchObject({
    store: { kind: "postgres", url: "env://DATABASE_URL", poolSize: 10 },
    listen: { host: "::1", port: 8080 },
  });
});
