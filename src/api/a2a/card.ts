import { sign, type KeyObject } from "node:crypto";
import { toCanonicalText } from "../../model/index.ts";

/** The one version of the protocol that is spoken here, without its patches. */
export const a2aVersion = "1.0";

export interface CardSkill {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
}

/** What a card says of its agent. */
export interface CardFacts {
  readonly name: string;
  readonly description: string;
  /** Changes whenever the agent may have. */
  readonly version: string;
  /** Where it is called. */
  readonly url: string;
  /** Besides the one that every agent has: to do what it is for. */
  readonly skills: readonly CardSkill[];
}

/** Ed25519 keys of cards alone: the first one signs, all of them are shown. */
export interface CardKeys {
  readonly signing: { readonly id: string; readonly key: KeyObject };
  readonly jwks: { readonly keys: readonly object[] };
}

/** More make a card that nobody reads. */
const mostSkills = 200;
const text = ["text/plain"];

/**
 * The card without its signature. No member of it is empty: implementations do not agree on which empty
 * ones are left out before signing, and this way none of them has to.
 */
export function toAgentCard({ name, description, version, url, skills }: CardFacts) {
  const own: CardSkill = { id: name, name, description, tags: ["agent"] };
  return {
    name,
    description,
    version,
    supportedInterfaces: [{ url, protocolBinding: "JSONRPC", protocolVersion: a2aVersion }],
    capabilities: { streaming: true, pushNotifications: false, extendedAgentCard: true },
    securitySchemes: {
      bearer: {
        httpAuthSecurityScheme: {
          scheme: "Bearer",
          description: "An API key of a caller, or an access token for this server.",
        },
      },
    },
    // As OpenAPI has it, the names of roles that are needed.
    securityRequirements: [{ schemes: { bearer: { list: ["caller"] } } }],
    defaultInputModes: text,
    defaultOutputModes: text,
    skills: [own, ...skills].slice(0, mostSkills),
  };
}
type AgentCard = ReturnType<typeof toAgentCard>;

/** With a detached JWS (RFC 7515) over the card's canonical form (RFC 8785). */
export function signCard(card: AgentCard, { signing }: CardKeys, keysUrl: string) {
  const header = { alg: "EdDSA", typ: "JOSE", kid: signing.id, jku: keysUrl };
  const encoded = toBase64Url(JSON.stringify(header));
  const input = Buffer.from(`${encoded}.${toBase64Url(toCanonicalText(card))}`, "ascii");
  const signature = sign(null, input, signing.key).toString("base64url");
  return { ...card, signatures: [{ protected: encoded, signature }] };
}
export type SignedCard = ReturnType<typeof signCard>;

function toBase64Url(value: string): string {
  return Buffer.from(value, "utf8").toString("base64url");
}
