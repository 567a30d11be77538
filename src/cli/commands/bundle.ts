import type { Bundle, Client } from "../../client/client.ts";
import { toPlainInert } from "../../lib/inert-text.ts";
import type { Run } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { renderAgents, renderBundle } from "../render-bundle.ts";

interface Flags {
  readonly json: boolean;
  readonly url?: string;
}

export const buildBundle: Run<Flags, [string]> = async ({ parts, voice }, flags, agent) => {
  const { client } = await parts.connect(flags.url);
  const built = await build(client, agent);
  voice.answer(built, built.digest);
  return exitCodes.ok;
};

export const showBundle: Run<Flags, [string?]> = async ({ parts, voice }, flags, given) => {
  const { client } = await parts.connect(flags.url);
  if (given === undefined) {
    const { body } = await client.listBundles({});
    voice.answer(body, renderAgents(body));
    return exitCodes.ok;
  }
  const shown = await find(client, given);
  voice.answer(shown, renderBundle(shown, voice.paint));
  return exitCodes.ok;
};

export const diffBundles: Run<Flags, [string, string]> = async (
  { parts, voice },
  flags,
  ...[given, other]
) => {
  const { client } = await parts.connect(flags.url);
  const [from, to] = [await toDigest(client, given), await toDigest(client, other)];
  const { body } = await client.diffBundles({ from, to });
  const lines = body.changes.map(({ text }) => `  ${toPlainInert(text)}`);
  voice.answer(body, lines.length === 0 ? "Nothing changed." : lines.join("\n"));
  return exitCodes.ok;
};

function isDigest(text: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(text);
}

async function find(client: Client, given: string): Promise<Bundle> {
  if (!isDigest(given)) return build(client, given);
  return (await client.getBundle({ digest: given })).body;
}

async function build(client: Client, agent: string): Promise<Bundle> {
  return (await client.buildBundle({ body: JSON.stringify({ agent }) })).body;
}

/** What an agent has now is kept by asking for it, so that it can be compared. */
async function toDigest(client: Client, given: string): Promise<string> {
  return isDigest(given) ? given : (await build(client, given)).digest;
}
