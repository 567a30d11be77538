import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";
import { createSecrets } from "../../src/adapters/secrets/secrets.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import type { TenantId } from "../../src/model/index.ts";
import { createInMemoryVault } from "../../src/ports/in-memory-vault.ts";
import { SecretValue } from "../../src/ports/secrets.ts";
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

describeSecrets("environment, files and vault", async () => {
  const directory = await mkdtemp(path.join(tmpdir(), "countersign-secrets-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const variables: Record<string, string> = {};
  const tenant = "default" as TenantId;
  const vault = createInMemoryVault(systemClock);
  return {
    secrets: createSecrets({
      variables,
      directory,
      readStored: (name) => vault.read({ tenant, name, subject: null }),
    }),
    references: [
      "secret://token",
      "env://TOKEN",
      `file://${directory}/absolute`,
      "file://relative",
    ],
    put: async (reference, value) => {
      const name = reference.replace(/^\w+:\/\//, "");
      if (reference.startsWith("env:")) variables[name] = value;
      else if (reference.startsWith("secret:")) {
        const key = { tenant, name, subject: null };
        // The real vault keeps no empty value; its suite says so.
        if (value === "") await vault.remove(key);
        else await vault.put(key, { value: new SecretValue(value), hosts: [] });
      } else await writeFile(path.resolve(directory, name), value);
    },
  };
});
