import { Fault } from "../../model/fault.ts";
import {
  configSchemaFile,
  renderConfigSchema,
  renderInitialConfig,
} from "../../model/initial-config.ts";
import type { Run } from "../command.ts";
import type { Files } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";

const file = "countersign.yaml";

interface Wishes {
  readonly listen: string;
  /** Reference to the URL of a Postgres; null for the embedded one. */
  readonly postgres: string | null;
}

const defaults: Wishes = { listen: "127.0.0.1:7070", postgres: null };

export const init: Run<{ json: boolean; yes: boolean; force: boolean }> = async (
  { parts, voice },
  { yes, force },
) => {
  const mayAsk = parts.streams.isInteractive && !voice.json && !yes;
  const wishes = mayAsk ? await ask() : defaults;
  if (wishes === null) return exitCodes.interrupted;
  const outcome = await parts.files.write(file, renderInitialConfig(wishes), {
    overwrite: force,
  });
  if (outcome === "exists") {
    throw new Fault("usage_invalid", `${file} is there already; --force writes over it.`);
  }
  // The first line of the document points editors at it.
  await parts.files.write(configSchemaFile, renderConfigSchema(), { overwrite: true });
  const ignored = wishes.postgres === null && (await ignoreDirectory(parts.files));
  voice.answer(
    { file, schema: configSchemaFile, ignored },
    `${file} is written${ignored ? ", and .countersign/ is in .gitignore" : ""}. Next: countersign up`,
  );
  return exitCodes.ok;
};

/** Null when the person goes away. The prompts are loaded only where there is somebody to ask. */
async function ask(): Promise<Wishes | null> {
  const { isCancel, select, text } = await import("@clack/prompts");
  const listen = await text({ message: "Address and port", initialValue: defaults.listen });
  if (isCancel(listen)) return null;
  const kind = await select({
    message: "Where is everything durable kept?",
    options: [
      { value: "embedded", label: "A Postgres that Countersign starts here" },
      { value: "postgres", label: "A Postgres of your own" },
    ],
  });
  if (isCancel(kind)) return null;
  if (kind === "embedded") return { listen, postgres: null };
  const postgres = await text({
    message: "Reference to its URL (the URL itself holds a password and does not belong here)",
    initialValue: "env://DATABASE_URL",
  });
  return isCancel(postgres) ? null : { listen, postgres };
}

/** The data directory holds the database: in a checkout it must not be committed by accident. */
async function ignoreDirectory(files: Files): Promise<boolean> {
  const before = await files.read(".gitignore");
  if (before === null || /^\/?\.countersign\/?$/m.test(before)) return false;
  const gap = before === "" || before.endsWith("\n") ? "" : "\n";
  await files.write(".gitignore", `${before}${gap}.countersign/\n`, { overwrite: true });
  return true;
}
