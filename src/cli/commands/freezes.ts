import type { FreezeChange, Freezes } from "../../client/client.ts";
import { Fault } from "../../model/fault.ts";
import { freezeKinds, type FreezeKind } from "../../model/freeze.ts";
import type { Run } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { renderTable } from "../render-table.ts";

interface Flags {
  readonly json: boolean;
  readonly url?: string;
}

export interface FreezeFlags extends Flags {
  readonly reason: string;
}

export const freeze: Run<FreezeFlags, [string, string?]> = async (
  { parts, voice },
  flags,
  ...named
) => {
  const frozen = toFrozen(...named);
  const { client } = await parts.connect(flags.url);
  const body = JSON.stringify({ ...frozen, reason: flags.reason });
  const { body: change } = await client.freeze({ body });
  const said = change.changed ? "is frozen on every replica" : "was frozen already";
  voice.answer(change, `${toWhat(change)} ${said}.${toDoubt(change)}`);
  return exitCodes.ok;
};

export const unfreeze: Run<Flags, [string, string?]> = async (
  { parts, voice },
  flags,
  ...named
) => {
  const { client } = await parts.connect(flags.url);
  const { body: change } = await client.unfreeze({ body: JSON.stringify(toFrozen(...named)) });
  if (!change.changed) {
    throw new Fault("not_found", `${toWhat(change)} is not frozen.${toDoubt(change)}`);
  }
  voice.answer(change, `${toWhat(change)} goes on.`);
  return exitCodes.ok;
};

export const listFreezes: Run<Flags> = async ({ parts, voice }, flags) => {
  const { client } = await parts.connect(flags.url);
  const { body } = await client.listFreezes();
  voice.answer(
    body,
    body.freezes.length === 0
      ? "Nothing is frozen, and nothing was."
      : renderTable(body.freezes.map(toRow)),
  );
  return exitCodes.ok;
};

function toFrozen(kind: string, name = ""): { readonly kind: FreezeKind; readonly name: string } {
  const known = freezeKinds.find((each) => each === kind);
  if (known === undefined) {
    throw new Fault("usage_invalid", `What to freeze is one of ${freezeKinds.join(", ")}.`);
  }
  const takesName = known !== "tenant" && known !== "all";
  if (takesName === (name === "")) {
    const how = takesName ? `a name: countersign freeze ${known} NAME` : "no name";
    throw new Fault("usage_invalid", `${known} takes ${how}.`);
  }
  return { kind: known, name };
}

function toWhat({ kind, name }: Pick<FreezeChange, "kind" | "name">): string {
  if (kind === "all") return "Everything";
  return kind === "tenant" ? "The tenant" : `The ${kind} ${name}`;
}

function toDoubt({ kind, known, meant }: FreezeChange): string {
  if (known) return "";
  return ` No ${kind} of that name is known now${meant === null ? "" : `; did you mean ${meant}?`}`;
}

function toRow({ kind, name, reason, by, at, lifted }: Freezes["freezes"][number]) {
  const state = lifted === null ? "frozen" : `lifted ${lifted.at} by ${lifted.by}`;
  return [kind, name, state, `${at} by ${by}`, reason];
}
