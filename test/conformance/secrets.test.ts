import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";
import { createSecrets } from "../../src/adapters/secrets/secrets.ts";
import { createInMemorySecrets } from "../../src/ports/in-memory-secrets.ts";
import { describeSecrets } from "./secrets.ts";

describeSecrets("in memory", async () => {
  const values = new Map<string, string>();
  return {
    secrets: createInMemorySecrets(values),
    references: ["env://TOKEN", "file:///token", "secret://token"],
    put: async (reference, value) => void values.set(reference, value),
  };
});

describeSecrets("environment and files", async () => {
  const directory = await mkdtemp(path.join(tmpdir(), "countersign-secrets-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const variables: Record<string, string> = {};
  return {
    secrets: createSecrets({ variables, directory }),
    references: ["env://TOKEN", `file://${directory}/absolute`, "file://relative"],
    put: async (reference, value) => {
      const name = reference.replace(/^\w+:\/\//, "");
      if (reference.startsWith("env:")) variables[name] = value;
      else await writeFile(path.resolve(directory, name), value);
    },
  };
});
