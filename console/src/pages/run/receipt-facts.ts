import type { Receipt } from "../../../../src/client/client.ts";
import { fromBase64 } from "../../../../src/ledger/signed-head.ts";

/** What the entries of a call say of how it was decided and sent. They are read here, and proven elsewhere. */
export interface ReceiptFacts {
  readonly decision: { readonly kind: string; readonly rules: readonly string[] } | null;
  readonly policy: string | null;
  readonly credential: string | null;
  readonly endpoint: string | null;
  readonly sandbox: { readonly tier: string; readonly driver: string | null } | null;
  readonly redacted: readonly string[];
  readonly outcome: string | null;
  readonly reason: string | null;
  readonly result: { readonly commitment: string; readonly bytes: number } | null;
  readonly verdicts: readonly string[];
  /** Of the log. */
  readonly leaves: readonly number[];
}

interface Entry {
  readonly kind?: string;
  readonly decision?: {
    readonly kind: string;
    readonly rules: readonly string[];
    readonly policy: string;
  };
  readonly credential?: string | null;
  readonly endpoint?: string | null;
  readonly sandbox?: { readonly tier: string; readonly driver?: string | null } | null;
  readonly redacted?: readonly string[];
  readonly outcome?: string;
  readonly reason?: string | null;
  readonly result?: { readonly commitment: string; readonly bytes: number } | null;
  readonly word?: string;
}

export function readReceiptFacts({ entries }: Pick<Receipt, "entries">): ReceiptFacts {
  const decoder = new TextDecoder();
  const read = entries.map(
    ({ bytes }) => JSON.parse(decoder.decode(fromBase64(bytes, "an entry"))) as Entry,
  );
  const of = (kind: string) => read.find((entry) => entry.kind === kind);
  const [intent, outcome] = [of("intent"), of("outcome")];
  const { sandbox } = outcome ?? {};
  return {
    decision: intent?.decision ?? null,
    policy: intent?.decision?.policy ?? null,
    credential: outcome?.credential ?? intent?.credential ?? null,
    endpoint: outcome?.endpoint ?? null,
    sandbox:
      sandbox === undefined || sandbox === null
        ? null
        : { tier: sandbox.tier, driver: sandbox.driver ?? null },
    redacted: outcome?.redacted ?? [],
    outcome: outcome?.outcome ?? null,
    reason: outcome?.reason ?? null,
    result: outcome?.result ?? null,
    verdicts: read.flatMap(({ kind, word }) => (kind === "verdict" ? (word ?? []) : [])),
    leaves: entries.map(({ index }) => index),
  };
}
