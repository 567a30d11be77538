import { untilAborted } from "../lib/until-aborted.ts";
import { Fault, type FaultCode, type Principal } from "../model/index.ts";
import { isRemote, type ServerConfig } from "../model/config-servers.ts";
import {
  toDestination,
  type CredentialAsk,
  type CredentialOutcome,
  type Credentials,
} from "../ports/credentials.ts";
import type { Presented } from "../ports/upstream.ts";

/** Whether its calls carry a credential of the broker: most servers' do not, and wait for nothing. */
export function hasCredential(config: ServerConfig): boolean {
  return isRemote(config) && config.credential !== undefined;
}

export interface Wanted {
  readonly principal: Principal;
  readonly server: string;
  /** URL of the copy that it goes to. */
  readonly endpoint: string;
  readonly method: string;
  readonly target: string | null;
}

export type Given = Exclude<CredentialOutcome, { kind: "refused" }>;

/** What is known at once, else a promise. A no is a fault: the call is not sent. */
export function askCredential(credentials: Credentials, wanted: Wanted): Given | Promise<Given> {
  const { principal, server, endpoint, method, target } = wanted;
  const host = toDestination(endpoint) ?? "";
  const ask = { tenant: principal.tenant, principal, server, host, method, target };
  const known = credentials.recall(ask);
  return known === null ? fetchCredential(credentials, ask) : toGiven(known, ask);
}

/** The same, for as long as somebody waits for it. */
export function untilGiven(asked: Given | Promise<Given>, signal: AbortSignal) {
  return "then" in asked ? untilAborted(asked, signal) : asked;
}

async function fetchCredential(credentials: Credentials, ask: CredentialAsk): Promise<Given> {
  return toGiven(await credentials.headersFor(ask).catch((error) => fail(ask, error)), ask);
}

/** What another try does not change. */
const refusals: ReadonlySet<FaultCode> = new Set([
  "credential_refused",
  "secret_unresolved",
  "secret_unreadable",
]);

/** Whatever kept it from being got, the call was not sent. */
function fail({ server }: CredentialAsk, error: unknown): never {
  if (!(error instanceof Fault)) throw error;
  const code = refusals.has(error.code) ? "credential_refused" : "credential_unavailable";
  throw new Fault(code, `There is no credential for ${server}: ${error.message}`, {
    details: { server, why: error.code },
  });
}

function toGiven(outcome: CredentialOutcome, { server }: CredentialAsk): Given {
  if (outcome.kind !== "refused") return outcome;
  throw new Fault(
    "credential_refused",
    `There is no credential for ${server}: ${outcome.message}`,
    {
      details: { server, why: outcome.why },
    },
  );
}

/** For requests of a connection that belong to no call: nobody is there who could be asked. */
export async function presentCredential(
  credentials: Credentials,
  wanted: Wanted,
): Promise<Presented> {
  const given = await askCredential(credentials, wanted);
  if (given.kind === "ready") {
    const { id, headers } = given;
    return { id, headers, rejected: () => credentials.rejected(id) };
  }
  const { server, principal } = wanted;
  throw new Fault(
    "credential_refused",
    `There is no credential for ${server}: ${principal.kind} ${principal.subject} has to agree first.`,
    { details: { server, why: "consent" } },
  );
}

export function isRejected(error: unknown): boolean {
  return error instanceof Fault && error.code === "credential_rejected";
}
