import { z } from "zod";
import type { Broker } from "../authority/broker.ts";
import type { KeyHolder } from "../authority/keyring.ts";
import { Fault, type Principal, type TenantId } from "../model/index.ts";
import type { CredentialRefusal, CredentialSource } from "../ports/credentials.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { SecretFacts, SecretPage, Vault } from "../ports/vault.ts";
import { connectPage } from "./connect-page.ts";
import type { Answer, Answers } from "./contract.ts";
import type { credentialRoutes } from "./credential-routes.ts";
import { parseBody } from "./parse-body.ts";
import { parseCursor, toCursor } from "./secret-answers.ts";
import { toPageAnswer } from "./to-page.ts";

export interface CredentialAnswersOptions {
  readonly broker: Pick<Broker, "begin" | "authorize" | "finish" | "revoke">;
  readonly sourceOf: (tenant: TenantId, server: string) => CredentialSource | null;
  readonly vault: Vault;
  readonly telemetry: Telemetry;
}

type Routes = typeof credentialRoutes;

const opening = z.union(
  [
    z.strictObject({ consent: z.string().max(200) }),
    z.strictObject({ server: z.string().max(40) }),
  ],
  "takes consent or server",
);
const finishing = z.strictObject({ url: z.string().max(16_384) });

export function createCredentialAnswers(options: CredentialAnswersOptions): Answers<Routes> {
  const { broker, telemetry } = options;
  const page = toPageAnswer(connectPage);
  return {
    getConnectPage: () => page,
    getCallbackPage: () => page,
    authorizeConsent: async ({ body, holder }) => {
      const asked = parseBody(opening, body);
      const principal = personOf(holder);
      const consent = "consent" in asked ? asked.consent : await begin(options, principal, asked);
      const outcome = await broker.authorize(consent, principal);
      if (outcome.kind === "refused") throw toFault(outcome);
      return { status: 200, body: { url: outcome.url } };
    },
    finishConsent: async ({ body, holder }) => {
      const outcome = await broker.finish(parseBody(finishing, body).url, personOf(holder));
      if (outcome.kind === "refused") throw toFault(outcome);
      const { server } = outcome;
      telemetry.log("info", "a credential was granted", { server, by: holder?.id });
      return { status: 200, body: { server } };
    },
    listCredentials: async ({ query, holder }) => list(options, holder, query.after),
    revokeCredential: async ({ params: { server }, query, holder }) => {
      const principal = toRevoked(holder, query.subject);
      const source = options.sourceOf(principal.tenant, server);
      if (source === null) throw new Fault("not_found", `${server} has no credential.`);
      if (source.kind !== "user" && holder?.access.includes("admin") !== true) {
        throw new Fault("forbidden", `The credential of ${server} is not this caller's own.`);
      }
      const done = await broker.revoke({ tenant: principal.tenant, server, principal });
      const { kind, subject } = principal;
      const whose = `${kind}:${subject}`;
      telemetry.log("info", "a credential was revoked", { server, whose, by: holder?.id, ...done });
      return { status: 200, body: { server, ...done } };
    },
  };
}

/** Without a call that asked: what to open is made for whoever shows who they are. */
async function begin(
  { broker }: CredentialAnswersOptions,
  principal: Principal,
  { server }: { readonly server: string },
): Promise<string> {
  const begun = await broker.begin({ tenant: principal.tenant, server, principal });
  if (begun.kind === "consent") return begun.id;
  throw new Fault("not_found", `${server} asks nobody to agree.`);
}

/** Who sits there, by what they sent and never by the URL that they came with. */
function personOf(holder: KeyHolder | null): Principal {
  const principal = holder?.principal ?? null;
  if (principal === null) throw new Fault("forbidden", "This key calls no tools, for nobody.");
  if (principal.actor === null) return principal;
  throw new Fault("forbidden", "A person does this, not an agent that acts for one.");
}

function toRevoked(holder: KeyHolder | null, subject: string | undefined): Principal {
  const own = personOf(holder);
  if (subject === undefined || subject === `${own.kind}:${own.subject}`) return own;
  if (holder?.access.includes("admin") !== true) {
    throw new Fault("forbidden", "Only the admin revokes what others were granted.");
  }
  const [, kind, name] = /^(user|service):(.{1,256})$/su.exec(subject) ?? [];
  if (kind === undefined || name === undefined) {
    throw new Fault("request_invalid", "query subject: takes user:NAME or service:NAME");
  }
  return { ...own, kind: kind as Principal["kind"], subject: name };
}

function toFault({ why, message }: CredentialRefusal): Fault {
  return new Fault("consent_refused", message, { details: { why } });
}

/** As the broker names what it keeps of a person's grant. */
const prefix = "oauth.grant.";
const pageSize = 200;
/** Rows of others that are passed over for one page of one's own. */
const maxPages = 50;

async function list(
  { vault }: CredentialAnswersOptions,
  holder: KeyHolder | null,
  given: string | undefined,
): Promise<Answer<Routes["listCredentials"]>> {
  const { tenant, kind, subject } = personOf(holder);
  const isAdmin = holder?.access.includes("admin") === true;
  const isSeen = (row: SecretFacts): boolean => isAdmin || row.subject === `${kind}:${subject}`;
  let after: SecretPage["after"] =
    given === undefined ? { name: prefix, subject: null } : parseCursor(given);
  const seen: SecretFacts[] = [];
  for (let page = 0; page < maxPages && seen.length < pageSize; page += 1) {
    const rows = await vault.list(tenant, { after, limit: pageSize });
    const grants = rows.filter(({ name }) => name.startsWith(prefix));
    seen.push(...grants.filter(isSeen));
    after = grants.length < pageSize ? null : grants.at(-1)!;
    if (after === null) break;
  }
  const next = after === null ? null : toCursor(after);
  return { status: 200, body: { credentials: seen.map(toCredential), next } };
}

function toCredential({ name, subject, hosts, writtenAtMs }: SecretFacts) {
  const writtenAt = new Date(writtenAtMs).toISOString();
  return {
    server: name.slice(prefix.length),
    subject: subject ?? "",
    hosts: [...hosts],
    writtenAt,
  };
}
