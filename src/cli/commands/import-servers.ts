import { Fault } from "../../model/fault.ts";
import {
  clientPrograms,
  isClientName,
  isObject,
  readClientFile,
  type JsonObject,
} from "../client-configs.ts";
import type { Run } from "../command.ts";
import type { CliParts } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { importServers as convert, type Imported } from "../import-servers.ts";
import { readDocument, withFile } from "../read-document.ts";
import { count, renderChanges, shorten } from "../render-changes.ts";
import { renderTable } from "../render-table.ts";
import { fromServerJson, isServerJson } from "../server-json.ts";
import { toServerRow } from "./servers.ts";

export interface ImportFlags {
  readonly json: boolean;
  readonly url?: string;
  readonly file?: string;
  readonly noSandbox: boolean;
  readonly dryRun: boolean;
}

/** Another program's servers become ours; what was a secret in its file becomes a reference. */
export const importServers: Run<ImportFlags, [string]> = async (
  { parts, voice },
  flags,
  source,
) => {
  const imported = convert(await readEntries(parts, source), {
    secretsDirectory: parts.secretsDirectory,
    allowNoSandbox: flags.noSandbox,
  });
  voice.note(renderImported(imported));
  const { file, text } = await readDocument(parts.files, flags.file);
  const known = parts.namesOf(text, ["servers"]);
  const fresh = imported.servers.filter(({ name }) => !known.includes(name));
  for (const { name } of imported.servers)
    if (known.includes(name)) voice.note(`  ${name} is registered already and stays as it is.`);
  let added = text;
  for (const { name, config } of fresh) added = parts.editConfig(added, ["servers", name], config);
  const answer = { file, ...withoutSecrets({ ...imported, servers: fresh }) };
  if (fresh.length === 0) {
    voice.answer({ ...answer, digest: null }, "Nothing is left to import.");
    return exitCodes.ok;
  }
  const { client } = await parts.connect(flags.url);
  const planned = await withFile(file, client.planConfig({ body: added }));
  voice.note(renderChanges(planned.body, voice.paint));
  if (flags.dryRun) {
    voice.answer({ ...answer, digest: null }, "Nothing was written.");
    return exitCodes.ok;
  }
  for (const { secrets } of fresh)
    for (const { file: place, value } of secrets)
      await parts.files.write(place, `${value}\n`, { overwrite: true, isSecret: true });
  const ifMatch = `"${planned.body.base}"`;
  const applied = await withFile(file, client.applyConfig({ ifMatch, body: added }));
  await parts.files.write(file, added, { overwrite: true });
  const states = await Promise.all(fresh.map(({ name }) => client.refreshServer({ name })));
  voice.answer(
    { ...answer, digest: applied.body.digest, states: states.map(({ body }) => body) },
    `${count(fresh.length, "server")} imported; ${shorten(applied.body.digest)} is serving.\n` +
      renderTable(states.map(({ body }) => toServerRow(body))),
  );
  return exitCodes.ok;
};

async function readEntries(parts: CliParts, source: string): Promise<JsonObject> {
  const file = isClientName(source) ? clientPrograms[source].place(parts.places) : source;
  const text = await parts.files.read(file);
  if (text === null) {
    const known = Object.keys(clientPrograms).join(", ");
    throw new Fault("not_found", `${file} is not there. Name a file, or one of ${known}.`, {
      details: { file },
    });
  }
  const read = readClientFile(file, text);
  if (isServerJson(read)) return fromServerJson(read);
  const entries = read["mcpServers"] ?? read["servers"];
  if (isObject(entries)) return entries;
  throw new Fault(
    "usage_invalid",
    `${file} has neither mcpServers nor servers, and is no server.json.`,
    {
      details: { file },
    },
  );
}

function withoutSecrets({ servers, skipped }: Imported): object {
  return {
    servers: servers.map(({ name, config, secrets, notes }) => ({
      name,
      config,
      notes,
      secrets: secrets.map(({ file }) => file),
    })),
    skipped,
  };
}

function renderImported({ servers, skipped }: Imported): string {
  const lines = servers.flatMap(({ name, secrets, notes }) => [
    `  ${name}`,
    ...secrets.map(({ file }) => `    a secret goes to ${file}`),
    ...notes.map((note) => `    look: ${note}`),
  ]);
  const left = skipped.map(({ name, reason }) => `  ${name} is left out: ${reason}`);
  return [...lines, ...left].join("\n");
}
