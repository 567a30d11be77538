import type { Secret } from "../../client/client.ts";
import { Fault } from "../../model/fault.ts";
import type { Run } from "../command.ts";
import type { CliParts } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { renderTable } from "../render-table.ts";

interface Flags {
  readonly json: boolean;
  readonly url?: string;
}

export interface SetFlags extends Flags {
  readonly host?: readonly string[];
  readonly fromEnv?: string;
  readonly fromFile?: string;
}

export interface RemoveFlags extends Flags {
  readonly subject?: string;
}

/** As the server takes them. */
const maxBytes = 65_536;

export const setSecret: Run<SetFlags, [string]> = async ({ parts, voice }, flags, name) => {
  const value = await readValue(parts, flags, name);
  if (value === null) return exitCodes.interrupted;
  if (value === "") throw new Fault("usage_invalid", "The value is empty; nothing was stored.");
  const { client } = await parts.connect(flags.url);
  const hosts = (flags.host ?? []).map((host) => host.toLowerCase());
  const { body } = await client.setSecret({ name, body: JSON.stringify({ value, hosts }) });
  voice.answer(
    body,
    `secret://${name} is stored, version ${body.version}${toBound(body)}. What refers to it takes it up by itself.`,
  );
  return exitCodes.ok;
};

export const listSecrets: Run<Flags> = async ({ parts, voice }, flags) => {
  const { client } = await parts.connect(flags.url);
  const secrets: Secret[] = [];
  for (let after: string | undefined; ;) {
    const { body } = await client.listSecrets(after === undefined ? {} : { after });
    secrets.push(...body.secrets);
    if (body.next === null) break;
    after = body.next;
  }
  voice.answer(
    { secrets },
    secrets.length === 0
      ? "No secret is stored. `countersign secrets set` stores one."
      : renderTable(secrets.map(toRow)),
  );
  return exitCodes.ok;
};

export const removeSecret: Run<RemoveFlags, [string]> = async ({ parts, voice }, flags, name) => {
  const { client } = await parts.connect(flags.url);
  const { subject } = flags;
  const { body } = await client.removeSecret({ name, ...(subject !== undefined && { subject }) });
  voice.answer(body, `secret://${name} is removed.`);
  return exitCodes.ok;
};

function toRow({ name, subject, version, hosts, writtenAt }: Secret): readonly string[] {
  return [name, subject ?? "", `version ${version}`, writtenAt, hosts.join(", ")];
}

function toBound({ hosts }: Secret): string {
  return hosts.length === 0 ? "" : `, bound to ${hosts.join(", ")}`;
}

/** Null when the person goes away. */
async function readValue(
  { input, files, streams }: CliParts,
  { json, fromEnv, fromFile }: SetFlags,
  name: string,
): Promise<string | null> {
  if (fromEnv !== undefined && fromFile !== undefined) {
    throw new Fault("usage_invalid", "Take --from-env or --from-file, not both.");
  }
  if (fromEnv !== undefined) {
    const value = input.variable(fromEnv);
    if (value === undefined) throw new Fault("usage_invalid", `${fromEnv} is not set.`);
    return value;
  }
  if (fromFile !== undefined) {
    const text = await files.read(fromFile);
    if (text === null) throw new Fault("usage_invalid", `${fromFile} is not there.`);
    return withoutLineEnd(text);
  }
  if (!input.isTerminal) return withoutLineEnd(await input.read(maxBytes + 2));
  if (!streams.isInteractive || json) {
    throw new Fault("usage_invalid", "Pipe the value in, or take --from-env or --from-file.");
  }
  const { isCancel, password } = await import("@clack/prompts");
  // Not even its length is shown.
  const typed = await password({ message: `Value of secret://${name}`, mask: "" });
  return isCancel(typed) ? null : (typed ?? "");
}

/** Editors and `echo` end a text with a line break that is no part of the secret. */
function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, "");
}
