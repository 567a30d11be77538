import type { Passkey } from "../../client/client.ts";
import type { Run } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { renderTable } from "../render-table.ts";

export interface PasskeyFlags {
  readonly json: boolean;
  readonly url?: string;
}

export const invitePasskey: Run<PasskeyFlags, [string]> = async (
  { parts, voice },
  flags,
  approver,
) => {
  const { client } = await parts.connect(flags.url);
  const { body } = await client.invitePasskey({ body: JSON.stringify({ approver }) });
  voice.answer(
    body,
    `${approver} can add one passkey at ${body.url}\nwith the code ${body.code}\nuntil ${body.expiresAt}. The code is not shown again.`,
  );
  return exitCodes.ok;
};

export const listPasskeys: Run<PasskeyFlags> = async ({ parts, voice }, flags) => {
  const { client } = await parts.connect(flags.url);
  const passkeys: Passkey[] = [];
  for (let after: string | undefined; ;) {
    const { body } = await client.listPasskeys(after === undefined ? {} : { after });
    passkeys.push(...body.passkeys);
    if (body.next === null) break;
    after = body.next;
  }
  voice.answer(
    { passkeys },
    passkeys.length === 0
      ? "Nobody has a passkey. `countersign passkeys invite` lets an approver add one."
      : renderTable(passkeys.map(toRow)),
  );
  return exitCodes.ok;
};

export const removePasskey: Run<PasskeyFlags, [string]> = async ({ parts, voice }, flags, id) => {
  const { client } = await parts.connect(flags.url);
  const { body } = await client.removePasskey({ id, body: "{}" });
  voice.answer(body, "The passkey is removed. What it signed before stays proven.");
  return exitCodes.ok;
};

function toRow({ approver, algorithm, addedAt, addedBy, usedAt, id }: Passkey): readonly string[] {
  const used = usedAt === null ? "never used" : `used ${usedAt}`;
  return [approver, algorithm, `added ${addedAt} by ${addedBy}`, used, id];
}
