import { z } from "zod";
import { exactUrlField, hostSchema, isExactUrl, notUrl } from "./config-field.ts";
import { isScope } from "./scope.ts";
import { secretReferenceSchema } from "./secret-reference.ts";

const notResource = `${notUrl}, or none`;
const nameField = z.string("takes a text").min(1, "takes a text").max(1_024);

const issuerFields = {
  issuer: exactUrlField
    .optional()
    .describe("The authorization server: its metadata says where it answers."),
  tokenEndpoint: exactUrlField
    .optional()
    .describe("Where it gives tokens, for a server without metadata."),
  revocationEndpoint: exactUrlField
    .optional()
    .describe("Where it revokes tokens. Goes with `tokenEndpoint`."),
  private: z
    .boolean("takes true or false")
    .prefault(false)
    .describe(
      "Whether its address may be a private or loopback one. Only then may it be plain http.",
    ),
};

const clientFields = {
  secret: secretReferenceSchema.optional().describe("The client's secret."),
  secretIn: z
    .enum(["header", "body"], "takes header or body")
    .prefault("header")
    .describe("Where the client's secret stands in a request for a token."),
  privateKey: secretReferenceSchema
    .optional()
    .describe("The client's private key (PEM or JWK), instead of a secret."),
  keyId: nameField.optional().describe("Id of that key, for its `kid`."),
};

const boundFields = {
  scopes: z
    .array(
      z.string("takes a scope").max(256).refine(isScope, "takes a scope: no space, no quote"),
      "takes a list of scopes",
    )
    .max(64)
    .prefault([])
    .describe("Scopes to ask for."),
  resource: z
    .string(notResource)
    .max(2_048, notResource)
    .refine((text) => text === "none" || isExactUrl(text), notResource)
    .optional()
    .describe(
      "The resource that the token is for (RFC 8707). Absent: the server's own URL. `none`: it is not " +
        "named, for authorization servers that refuse to be told.",
    ),
  hosts: z
    .array(hostSchema, "takes a list of host names")
    .min(1, "takes at least one host name")
    .max(64)
    .optional()
    .describe(
      "Where alone the credential is sent to: `name` means port 443. Absent: where the server answers.",
    ),
};

const audienceField = nameField.describe("The audience that the token is for.");

const clientCredentials = z
  .strictObject({
    kind: z.literal("client-credentials"),
    clientId: nameField.describe("Our id at the authorization server."),
    audience: audienceField.optional(),
    ...issuerFields,
    ...clientFields,
    ...boundFields,
  })
  .refine(hasProof, {
    path: ["secret"],
    message: "or privateKey has to be there: one of the two",
  })
  .describe("One token for all callers, which the client gets with its own secret or key.");

const user = z
  .strictObject({
    kind: z.literal("user"),
    clientId: nameField.optional().describe("Our id at the authorization server."),
    clientDocument: exactUrlField
      .optional()
      .describe(
        "URL of our client id metadata document, for servers that read those. One for each of them.",
      ),
    authorizationEndpoint: exactUrlField
      .optional()
      .describe("Where people agree. Goes with `tokenEndpoint`."),
    listAs: z
      .strictObject({
        kind: z.enum(["user", "service"], "takes user or service").prefault("service"),
        subject: nameField,
      })
      .optional()
      .describe(
        "Whose grant lists the server's tools. Absent: they are listed without a credential.",
      ),
    ...issuerFields,
    ...clientFields,
    ...boundFields,
  })
  .refine((given) => given.clientId !== undefined || given.clientDocument !== undefined, {
    path: ["clientId"],
    message: "or clientDocument has to be there",
  })
  .refine(
    (given) => (given.authorizationEndpoint === undefined) === (given.tokenEndpoint === undefined),
    { path: ["authorizationEndpoint"], message: "goes with tokenEndpoint: both or neither" },
  )
  .refine(hasOneProof, { path: ["privateKey"], message: "goes without secret: one of the two" })
  .describe("A token for each caller, who agrees to it first at the authorization server.");

const exchange = z
  .strictObject({
    kind: z.literal("exchange"),
    clientId: nameField.describe("Our id at the authorization server."),
    audience: audienceField,
    subjectAudience: nameField
      .optional()
      .describe("Audience of the token of ours that is exchanged. Absent: the issuer."),
    ...issuerFields,
    ...clientFields,
    ...boundFields,
  })
  .refine(hasOneProof, { path: ["privateKey"], message: "goes without secret: one of the two" })
  .describe("A token for each caller, exchanged for one of ours that says who acts for whom.");

interface Proven {
  readonly secret?: string | undefined;
  readonly privateKey?: string | undefined;
}

function hasProof({ secret, privateKey }: Proven): boolean {
  return (secret === undefined) !== (privateKey === undefined);
}

function hasOneProof({ secret, privateKey }: Proven): boolean {
  return secret === undefined || privateKey === undefined;
}

export const credentialField = z
  .discriminatedUnion(
    "kind",
    [clientCredentials, user, exchange],
    "takes kind: client-credentials, user or exchange",
  )
  .superRefine((given, context) => {
    const { issuer, tokenEndpoint, revocationEndpoint } = given;
    if (issuer === undefined && tokenEndpoint === undefined) {
      context.addIssue({
        code: "custom",
        path: ["issuer"],
        message: "or tokenEndpoint has to be there",
      });
    }
    if (revocationEndpoint !== undefined && tokenEndpoint === undefined) {
      context.addIssue({
        code: "custom",
        path: ["revocationEndpoint"],
        message: "goes with tokenEndpoint",
      });
    }
    if (given.private) return;
    for (const key of ["issuer", "tokenEndpoint", "revocationEndpoint"] as const) {
      if (given[key]?.startsWith("https:") === false) {
        const message = "is not https; plain http needs private: true";
        context.addIssue({ code: "custom", path: [key], message });
      }
    }
  })
  .optional()
  .describe("What each call to this server carries, in the place of a header of the same name.");
export type CredentialConfig = NonNullable<z.output<typeof credentialField>>;

interface Named {
  readonly transport: string;
  readonly credential?: CredentialConfig | undefined;
}

/**
 * A document lists redirect URIs for whoever reads it. One that two authorization servers read would let
 * each of them have the other's answers sent to where its own arrive.
 */
export function refuseSharedDocuments(
  servers: Readonly<Record<string, Named>>,
  context: z.core.$RefinementCtx,
): void {
  const readers = new Map<string, { readonly name: string; readonly place: string }>();
  for (const [name, { credential }] of Object.entries(servers)) {
    if (credential?.kind !== "user" || credential.clientDocument === undefined) continue;
    const document = new URL(credential.clientDocument).href;
    const { issuer, tokenEndpoint, authorizationEndpoint } = credential;
    const place = JSON.stringify([issuer, tokenEndpoint, authorizationEndpoint]);
    const first = readers.get(document);
    if (first === undefined) readers.set(document, { name, place });
    else if (first.place !== place) {
      const path = [name, "credential", "clientDocument"];
      const message = `is that of ${first.name}, whose authorization server is another one`;
      context.addIssue({ code: "custom", path, message });
    }
  }
}

/** For whom the token of ours is that is exchanged; null where none is. */
export function toSubjectAudience(credential: CredentialConfig): string | null {
  if (credential.kind !== "exchange") return null;
  const { subjectAudience, issuer, tokenEndpoint } = credential;
  return subjectAudience ?? issuer ?? new URL(tokenEndpoint!).origin;
}

interface Reached {
  readonly url: string;
  readonly endpoints: readonly string[];
  readonly credential?: CredentialConfig | undefined;
}

/** Names and ports where a server answers, as `hosts` lists them. */
export function listOwnHosts({ url, endpoints }: Omit<Reached, "credential">): readonly string[] {
  return [...new Set([url, ...endpoints].map((each) => toHost(new URL(each))))];
}

function toHost({ protocol, hostname, port }: URL): string {
  if (port !== "") return `${hostname}:${port}`;
  return protocol === "http:" ? `${hostname}:80` : hostname;
}

/** Where the credential cannot go, no call could: said when it is planned, not at the first call. */
export function isBoundWhole(server: Reached): boolean {
  const hosts = server.credential?.hosts;
  if (hosts === undefined) return true;
  const bound = new Set(hosts.map(withPort));
  return listOwnHosts(server).every((host) => bound.has(withPort(host)));
}

function withPort(host: string): string {
  return /:\d{1,5}$/.test(host) ? host : `${host}:443`;
}
