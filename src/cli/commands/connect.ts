import { Fault } from "../../model/fault.ts";
import {
  clientPrograms,
  isClientName,
  isObject,
  isPlainJson,
  readClientFile,
  type ClientName,
  type JsonObject,
} from "../client-configs.ts";
import type { Run } from "../command.ts";
import type { CliParts } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";

export interface ConnectFlags {
  readonly json: boolean;
  readonly url?: string;
  readonly toolset?: string;
  readonly print: boolean;
  readonly force: boolean;
}

const entryName = "countersign";

/**
 * Writes us into another program's list of servers. It starts `connect stdio`, which reads the caller
 * key itself: no key stands in the other program's file.
 */
export const connectClient: Run<ConnectFlags, [string]> = async (
  { parts, voice },
  flags,
  client,
) => {
  if (client === "stdio") return bridge(parts, flags);
  if (!isClientName(client)) {
    const known = ["stdio", ...Object.keys(clientPrograms)].join(", ");
    throw new Fault("usage_invalid", `${client} is none of ${known}.`);
  }
  const { url } = await parts.connect(flags.url);
  const entry = toEntry(client, parts, { url, toolset: flags.toolset });
  const { title, member, place } = clientPrograms[client];
  const snippet = JSON.stringify({ [member]: { [entryName]: entry } }, null, 2);
  if (flags.print) {
    voice.answer({ client, entry }, snippet);
    return exitCodes.ok;
  }
  const file = place(parts.places);
  const text = (await parts.files.read(file)) ?? "";
  const known = readClientFile(file, text);
  const before = isObject(known[member]) ? known[member] : {};
  const found = before[entryName];
  if (found !== undefined && JSON.stringify(found) === JSON.stringify(entry)) {
    voice.answer({ client, file, entry, written: false }, `${title} has us already (${file}).`);
    return exitCodes.ok;
  }
  if (found !== undefined && !flags.force) {
    throw new Fault("usage_invalid", `${file} has another ${entryName}: --force replaces it.`);
  }
  if (!isPlainJson(text)) {
    throw new Fault(
      "usage_invalid",
      `${file} has comments, which writing it would lose. Put this into it:\n${snippet}`,
      { details: { file } },
    );
  }
  const after = { ...known, [member]: { ...before, [entryName]: entry } };
  await parts.files.write(file, `${JSON.stringify(after, null, 2)}\n`, { overwrite: true });
  voice.answer(
    { client, file, entry, written: true },
    `${title} has us now (${file}). Start it anew; \`countersign up\` has to run.`,
  );
  return exitCodes.ok;
};

/** The address is written down: the other program starts us wherever it likes. */
function toEntry(
  client: ClientName,
  { program }: CliParts,
  { url, toolset }: { readonly url: string; readonly toolset: string | undefined },
): JsonObject {
  const [command, ...first] = program;
  const args = [
    ...first,
    "connect",
    "stdio",
    "--url",
    url,
    ...(toolset === undefined ? [] : ["--toolset", toolset]),
  ];
  return { ...(clientPrograms[client].hasType ? { type: "stdio" } : {}), command: command!, args };
}

async function bridge(parts: CliParts, { url, toolset }: ConnectFlags): Promise<number> {
  await parts.bridge({ url, toolset });
  return exitCodes.ok;
}
