import { z } from "zod";
import { parseStrictJson } from "../lib/strict-json.ts";
import { Fault } from "../model/index.ts";
import type { KeyHolder } from "../authority/keyring.ts";
import type { Passkeys } from "../authority/passkeys.ts";
import type { PasskeyRefusal } from "../ports/passkey-refusal.ts";
import type { PasskeyPage, PasskeyRow } from "../ports/passkey-rows.ts";
import type { Approver } from "../ports/passkeys.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { Answer, Answers, Asked } from "./contract.ts";
import { parseBody } from "./parse-body.ts";
import type { passkeyRoutes } from "./passkey-routes.ts";
import { passkeysPage, passkeysPath } from "./passkeys-page.ts";
import { tenantOf } from "./tenant-of.ts";
import { toPageAnswer } from "./to-page.ts";

export interface PasskeyAnswersOptions {
  readonly passkeys: Passkeys;
  readonly telemetry: Telemetry;
}

type Routes = typeof passkeyRoutes;

const pageSize = 200;

const inviting = z.strictObject({ approver: z.string().min(1).max(512) });
const beginning = z.strictObject({ code: z.string().max(100).nullable() });
const finishing = z.strictObject({
  ticket: z.string().max(4_096),
  attestation: z.unknown(),
  assertion: z.unknown().optional(),
});
const removing = z.strictObject({ id: z.string().max(1_364) });
const agreeing = z.strictObject({ ticket: z.string().max(4_096), assertion: z.unknown() });

export function createPasskeyAnswers(options: PasskeyAnswersOptions): Answers<Routes> {
  const { passkeys } = options;
  const page = toPageAnswer(passkeysPage);
  return {
    getPasskeysPage: () => page,
    invitePasskey: (asked) => invite(options, asked),
    beginPasskey: async ({ body, holder }) => {
      const { code } = parseBody(beginning, body);
      const begun = await passkeys.beginRegistration(toApprover(holder), code);
      if (begun.kind === "refused") throw toFault(begun);
      const { ticket, create, confirm } = begun;
      return { status: 200, body: { ticket, create, confirm, ...whereAndWhen(passkeys, begun) } };
    },
    finishPasskey: (asked) => finish(options, asked),
    listPasskeys: async ({ query, holder }) => {
      if (holder?.access.includes("admin") !== true) {
        const rows = await passkeys.list(toApprover(holder));
        return { status: 200, body: { passkeys: rows.map(toPasskey), next: null } };
      }
      const after = query.after === undefined ? null : parseCursor(query.after);
      const rows = await passkeys.page(tenantOf(holder), { after, limit: pageSize });
      const next = rows.length < pageSize ? null : toCursor(rows.at(-1)!);
      return { status: 200, body: { passkeys: rows.map(toPasskey), next } };
    },
    beginPasskeyRemoval: async ({ body, holder }) => {
      const { id } = parseBody(removing, body);
      const begun = await passkeys.beginRemoval(toApprover(holder), id);
      if (begun.kind === "refused") throw toFault(begun);
      const { ticket, confirm } = begun;
      return { status: 200, body: { ticket, confirm, ...whereAndWhen(passkeys, begun) } };
    },
    removePasskey: (asked) => remove(options, asked),
  };
}

/** Whose passkeys a key or a token is for: the one who decides with it, by the same name. */
function toApprover(holder: KeyHolder | null): Approver {
  const approves = holder?.approves ?? null;
  if (approves === null) throw new Fault("forbidden", "This key belongs to no approver.");
  return approves;
}

async function invite(
  { passkeys, telemetry }: PasskeyAnswersOptions,
  { body, holder }: Asked<Routes["invitePasskey"]>,
): Promise<Answer<Routes["invitePasskey"]>> {
  const { approver } = parseBody(inviting, body);
  const by = holder!.id;
  const invited = await passkeys.invite({ tenant: tenantOf(holder), subject: approver }, by);
  if (invited.kind === "refused") throw toFault(invited);
  telemetry.log("info", "an approver was invited to add a passkey", { approver, by });
  const expiresAt = new Date(invited.expiresAtMs).toISOString();
  const url = `${passkeys.origin()}${passkeysPath}`;
  return { status: 200, body: { approver, code: invited.code, expiresAt, url } };
}

async function finish(
  { passkeys, telemetry }: PasskeyAnswersOptions,
  { body, holder }: Asked<Routes["finishPasskey"]>,
): Promise<Answer<Routes["finishPasskey"]>> {
  const { ticket, attestation, assertion } = parseBody(finishing, body);
  const approver = toApprover(holder);
  const added = await passkeys.finishRegistration(approver, { ticket, attestation, assertion });
  if (added.kind === "refused") throw toFault(added);
  const shown = toPasskey(added.passkey);
  const { id, addedBy: by } = shown;
  telemetry.log("warn", "a passkey was added", { id, approver: approver.subject, by });
  return { status: 200, body: shown };
}

async function remove(
  { passkeys, telemetry }: PasskeyAnswersOptions,
  { params: { id }, body, holder }: Asked<Routes["removePasskey"]>,
): Promise<Answer<Routes["removePasskey"]>> {
  const isAdmin = holder?.access.includes("admin") === true;
  if (isAdmin) {
    parseBody(z.strictObject({}), body);
    if (!(await passkeys.remove(tenantOf(holder), id))) {
      throw new Fault("not_found", "There is no passkey of this id.");
    }
  } else {
    const agreed = parseBody(agreeing, body);
    const removed = await passkeys.finishRemoval(toApprover(holder), { id, ...agreed });
    if (removed.kind === "refused") throw toFault(removed);
  }
  telemetry.log("warn", "a passkey was removed", { id, by: holder?.id });
  return { status: 200, body: { id } };
}

function whereAndWhen(passkeys: Passkeys, { expiresAtMs }: { readonly expiresAtMs: number }) {
  return { origin: passkeys.origin() ?? "", expiresAt: new Date(expiresAtMs).toISOString() };
}

function toFault({ why, message }: PasskeyRefusal): Fault {
  return new Fault("passkey_refused", message, { details: { why } });
}

const algorithmNames = { [-7]: "ES256", [-8]: "EdDSA", [-257]: "RS256" } as const;

function toPasskey({ id, approver, algorithm, addedAtMs, addedBy, usedAtMs }: PasskeyRow) {
  return {
    id,
    approver: approver.subject,
    algorithm: algorithmNames[algorithm],
    addedAt: new Date(addedAtMs).toISOString(),
    addedBy,
    usedAt: usedAtMs === null ? null : new Date(usedAtMs).toISOString(),
  };
}

const cursor = z.tuple([z.string(), z.string()]);

function toCursor({ id, approver }: PasskeyRow): string {
  return Buffer.from(JSON.stringify([approver.subject, id])).toString("base64url");
}

function parseCursor(text: string): PasskeyPage["after"] {
  const read = parseStrictJson(Buffer.from(text, "base64url").toString());
  const parsed = cursor.safeParse(read.kind === "refused" ? null : read.value);
  if (!parsed.success) throw new Fault("request_invalid", "query after: takes what `next` said");
  const [subject, id] = parsed.data;
  return { subject, id };
}
