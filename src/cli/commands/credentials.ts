import type { Credentials } from "../../client/client.ts";
import type { Run } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { renderTable } from "../render-table.ts";

interface Flags {
  readonly json: boolean;
  readonly url?: string;
}

type Grant = Credentials["credentials"][number];

export interface RevokeFlags extends Flags {
  readonly subject?: string;
}

export const listCredentials: Run<Flags> = async ({ parts, voice }, flags) => {
  const { client } = await parts.connect(flags.url);
  const credentials: Grant[] = [];
  for (let after: string | undefined; ;) {
    const { body } = await client.listCredentials(after === undefined ? {} : { after });
    credentials.push(...body.credentials);
    if (body.next === null) break;
    after = body.next;
  }
  voice.answer(
    { credentials },
    credentials.length === 0
      ? "Nobody has granted anything. The first call to a server that needs it gives a page."
      : renderTable(credentials.map(toRow)),
  );
  return exitCodes.ok;
};

export const revokeCredential: Run<RevokeFlags, [string]> = async (
  { parts, voice },
  flags,
  server,
) => {
  const { client } = await parts.connect(flags.url);
  const { subject } = flags;
  const { body } = await client.revokeCredential({
    server,
    ...(subject !== undefined && { subject }),
  });
  const here = body.removed ? "The grant is gone here." : "There was no grant here.";
  const there = body.revoked
    ? "The authorization server has revoked it."
    : "The authorization server did not say that it is revoked.";
  voice.answer(body, `${here} ${there}`);
  return exitCodes.ok;
};

function toRow({ server, subject, hosts, writtenAt }: Grant): readonly string[] {
  return [server, subject, writtenAt, hosts.join(", ")];
}
