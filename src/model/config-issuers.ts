import { z } from "zod";
import { exactUrlField, isExactUrl, nameField, originSchema } from "./config-field.ts";
import { tenantIdSchema } from "./id.ts";
import { isScope } from "./scope.ts";
import { secretReferenceSchema } from "./secret-reference.ts";

/** With a shared secret whoever can check a token can make one, so none of those is here. */
export const tokenAlgorithms = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
] as const;

export const publicUrlField = originSchema
  .refine((text) => URL.parse(text)?.origin === text, "takes an origin without its default port")
  .optional()
  .describe(
    "Scheme, host and port under which clients reach this server: `https://gate.example.com`. Tokens " +
      "name it as their audience. Absent: the address of `listen`, if that is a loopback one.",
  );

const notIssuer = "takes an http or https URL without user, password, query or fragment";
const issuerUrl = z
  .string(notIssuer)
  .max(1_024, notIssuer)
  .refine((text) => isExactUrl(text) && !text.includes("?"), notIssuer)
  .meta({ title: "URL" });

const notClaim = "takes the name of a claim, or a JSON Pointer such as /realm_access/roles";
const claimField = z
  .string(notClaim)
  .min(1, notClaim)
  .max(256, notClaim)
  .regex(/^\P{C}+$/u, notClaim);

const namesField = (what: string) =>
  z.array(z.string().min(1).max(256), `takes a list of ${what}`).max(100);

const scopeField = z
  .string("takes a scope")
  .min(1, "takes a scope")
  .max(128, "takes a scope")
  .refine(isScope, "takes a scope: no space, no quote, no backslash");

/** By what an API key's role is called here; a caller is whoever calls tools, which each may. */
const accessField = z
  .strictObject({
    viewer: namesField("claimed roles").prefault([]).describe("Sees what there is."),
    operator: namesField("claimed roles")
      .prefault([])
      .describe("Sees it, freezes and unfreezes, and accepts drift."),
    auditor: namesField("claimed roles").prefault([]).describe("Sees it, and reads the record."),
    approver: namesField("claimed roles").prefault([]).describe("Decides on approvals."),
    admin: namesField("claimed roles").prefault([]).describe("Configures, and never approves."),
  })
  .prefault({})
  .describe(
    "Roles of the API by the claimed roles that give them. Absent: none but calling tools.",
  );

const issuerSchema = z
  .strictObject({
    issuer: issuerUrl.describe("Its identifier, exactly as it stands in `iss`."),
    audiences: z
      .array(z.string().min(1).max(1_024), "takes a list of audiences")
      .max(16)
      .prefault([])
      .describe(
        "Audiences that stand for this whole server, for issuers that know no resource by its URL. " +
          "Absent: a token names the endpoint that it is for.",
      ),
    algorithms: z
      .array(z.enum(tokenAlgorithms, `takes ${tokenAlgorithms.join(", ")}`), "takes a list")
      .min(1, "takes at least one algorithm")
      .prefault(["RS256", "PS256", "ES256", "EdDSA"])
      .describe("What its tokens may be signed with."),
    private: z
      .boolean("takes true or false")
      .prefault(false)
      .describe(
        "Whether its address may be a private or loopback one. Only then may it be plain http.",
      ),
    tenant: tenantIdSchema
      .prefault("default")
      .describe("Whom its tokens belong to, unless a claim says so."),
    tenantClaim: claimField.optional().describe("Claim that says whom a token belongs to."),
    tenants: z
      .record(z.string().min(1).max(256), tenantIdSchema)
      .optional()
      .describe("Tenants by the value of that claim. A token with another value is refused."),
    kind: z
      .enum(["client", "user", "service"], "takes client, user or service")
      .prefault("client")
      .describe(
        "Whom its tokens stand for. `client`: a service where the client is its own subject, else a user.",
      ),
    services: z
      .strictObject({
        claim: claimField.describe("Claim that tells services from users."),
        values: namesField("values").min(1).describe("Its values in tokens of services."),
      })
      .optional()
      .describe("Tells services from users by a claim instead."),
    subjectClaim: claimField.prefault("sub").describe("Claim that names the subject."),
    rolesClaim: claimField.optional().describe("Claim that names the subject's roles."),
    access: accessField,
    requiredScopes: z
      .array(scopeField, "takes a list of scopes")
      .max(32)
      .prefault([])
      .describe("Scopes without which a token is answered with 403."),
    jwksUri: exactUrlField
      .optional()
      .describe("Where its keys are. Absent: where its metadata says."),
    authority: secretReferenceSchema
      .optional()
      .describe("Authority that its certificate must come from (PEM), instead of the system's."),
    toolsets: z
      .array(z.string().max(40), "takes a list of toolsets")
      .max(100)
      .optional()
      .describe('Toolsets that its tokens may use, `""` for `/mcp`. Absent: all, and `/mcp`.'),
  })
  .refine(({ tenantClaim, tenants }) => (tenantClaim === undefined) === (tenants === undefined), {
    path: ["tenants"],
    message: "goes with tenantClaim: both or neither",
  })
  .refine(({ tenantClaim, tenant }) => tenantClaim === undefined || tenant === "default", {
    path: ["tenant"],
    message: "goes without tenantClaim",
  })
  .refine(({ services, kind }) => services === undefined || kind === "client", {
    path: ["services"],
    message: "goes with kind: client",
  })
  .refine((given) => given.private || isSecure(given.issuer), {
    path: ["issuer"],
    message: "is not https; plain http needs private: true",
  })
  .refine((given) => given.private || isSecure(given.jwksUri), {
    path: ["jwksUri"],
    message: "is not https; plain http needs private: true",
  })
  .describe("An issuer of access tokens (OAuth, OpenID Connect).");
export type IssuerConfig = z.output<typeof issuerSchema>;

function isSecure(url: string | undefined): boolean {
  return url === undefined || url.startsWith("https:");
}

export const issuersField = z
  .record(nameField, issuerSchema)
  .refine((issuers) => Object.keys(issuers).length <= 32, "takes at most 32 issuers")
  .refine(areDistinct, "names one issuer twice")
  .prefault({})
  .describe("Whose access tokens are accepted beside API keys, by a name for each.");

function areDistinct(issuers: Readonly<Record<string, { readonly issuer: string }>>): boolean {
  const urls = Object.values(issuers).map(({ issuer }) => issuer);
  return new Set(urls).size === urls.length;
}
