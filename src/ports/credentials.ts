import type { Principal, TenantId } from "../model/index.ts";
import { Secret, type SecretValue } from "./secrets.ts";
import type { SecretKey } from "./vault.ts";

/**
 * Gives the credential of one call to one server, at the gate, bound to the host it goes to. It is
 * made from stored material alone: no token of a caller comes in here, so none can go out (I10).
 */
export interface Credentials {
  /** What is known without waiting; null: ask `headersFor`. */
  recall(ask: CredentialAsk): CredentialOutcome | null;
  /** Throws a Fault where an authorization server cannot be reached: the call was not sent. */
  headersFor(ask: CredentialAsk): Promise<CredentialOutcome>;
  /**
   * The server answered 401 to this credential. Whether asking again gives another one: true at most
   * once a minute for each, so that two sides that disagree do not wear each other out.
   */
  rejected(id: string): boolean;
}

export interface CredentialAsk {
  readonly tenant: TenantId;
  readonly principal: Principal;
  readonly server: string;
  /** Where the request goes, as `toDestination` spells it: name and port. */
  readonly host: string;
  /** What it is for, for the message of a refusal. */
  readonly method: string;
  readonly target: string | null;
}

export type CredentialOutcome =
  | {
      readonly kind: "ready";
      readonly headers: SecretHeaders;
      /** Names the credential and its version in receipts; says nothing of its value. */
      readonly id: string;
      /** Wall clock; null: it was not said. */
      readonly expiresAtMs: number | null;
    }
  /** The person has to agree first, at our own page: it sends on only whom the consent is for. */
  | { readonly kind: "consent"; readonly url: string; readonly id: string }
  | CredentialRefusal;

export interface CredentialRefusal {
  readonly kind: "refused";
  readonly why:
    | "not_configured"
    | "other_tenant"
    | "host_not_bound"
    | "secret_missing"
    | "secret_unusable"
    | "issuer_refused"
    | "unconfirmed"
    | "other_person"
    | "state_unknown"
    | "response_invalid"
    | "denied";
  readonly message: string;
}

/** Header lines, for the request alone. */
export class SecretHeaders extends Secret<Readonly<Record<string, string>>> {
  constructor(lines: Readonly<Record<string, string>>) {
    super(Object.freeze({ ...lines }));
  }
}

/**
 * Name and port of where a URL leads, as the dialer's own parser reads it: `api.example.com:443`.
 * Null for what holds a user or is not http.
 */
export function toDestination(url: string): string | null {
  if (!URL.canParse(url)) return null;
  const { protocol, hostname, port, username, password } = new URL(url);
  if (username !== "" || password !== "") return null;
  if (protocol === "https:") return `${hostname}:${port === "" ? "443" : port}`;
  return protocol === "http:" ? `${hostname}:${port === "" ? "80" : port}` : null;
}

interface Bound {
  /** Hosts it is given to: `name` (port 443) or `name:port`, compared whole. */
  readonly hosts: readonly string[];
}

/** Where a server's credential comes from. */
export type CredentialSource =
  | (Bound & {
      readonly kind: "static";
      readonly header: string;
      readonly prefix: string;
      readonly secret: SecretKey;
    })
  | (Bound & {
      readonly kind: "client-credentials";
      readonly issuer: IssuerPlace;
      readonly client: ClientSource;
      readonly scopes: readonly string[];
      readonly resource: string | null;
      readonly audience: string | null;
    })
  | (Bound & {
      readonly kind: "user";
      readonly issuer: IssuerPlace;
      readonly client: ClientSource;
      readonly scopes: readonly string[];
      readonly resource: string | null;
      readonly redirectUri: string;
    })
  | (Bound & {
      readonly kind: "exchange";
      readonly issuer: IssuerPlace;
      readonly client: ClientSource;
      readonly scopes: readonly string[];
      readonly resource: string | null;
      readonly audience: string | null;
      /** Whom the minted subject token is for: usually the issuer. */
      readonly subjectAudience: string;
    });
export type UserSource = Extract<CredentialSource, { kind: "user" }>;
export type TokenSource = Exclude<CredentialSource, { kind: "static" }>;

/** `private` allows plaintext and private addresses, at what configuration itself names. */
export type IssuerPlace =
  | { readonly kind: "discovered"; readonly issuer: string; readonly private: boolean }
  | {
      readonly kind: "stated";
      readonly issuer: string;
      readonly token: string;
      readonly authorization: string | null;
      readonly revocation: string | null;
      readonly private: boolean;
    };

export interface ClientSource {
  /** URL of our client id metadata document: used first where the server says that it reads them. */
  readonly metadataUrl: string | null;
  readonly id: string | null;
  readonly auth:
    | { readonly kind: "none" }
    | { readonly kind: "secret"; readonly secret: SecretKey; readonly how: "basic" | "post" }
    | { readonly kind: "key"; readonly secret: SecretKey; readonly keyId: string | null };
}

/** The same with its secret read. */
export interface ClientProof {
  readonly metadataUrl: string | null;
  readonly id: string | null;
  /** The only destinations that the secret may be used at, as `toDestination` spells them; empty: any of the issuer's. */
  readonly hosts: ReadonlySet<string>;
  readonly auth:
    | { readonly kind: "none" }
    | { readonly kind: "secret"; readonly value: SecretValue; readonly how: "basic" | "post" }
    | { readonly kind: "key"; readonly value: SecretValue; readonly keyId: string | null };
}

/**
 * Authorization servers as the broker needs them. A no of theirs is a value; what keeps them from
 * answering is a Fault, after a bounded time and a bounded body.
 */
export interface TokenIssuers {
  /** Where the person's browser goes; the client id is the one that the grant then belongs to. */
  authorize(at: IssuerPlace, client: ClientProof, request: AuthorizeRequest): Promise<Authorized>;
  grant(at: IssuerPlace, client: ClientProof, grant: TokenGrant): Promise<Granted>;
  /** Whether the server says it is revoked; false where it has no endpoint for it. */
  revoke(at: IssuerPlace, client: ClientProof, token: RevokedToken): Promise<boolean>;
}

export interface AuthorizeRequest {
  readonly scopes: readonly string[];
  readonly resource: string | null;
  readonly redirectUri: string;
  readonly state: string;
  /** S256. */
  readonly challenge: string;
  readonly nonce: string;
}
export type Authorized =
  | { readonly kind: "url"; readonly url: string; readonly clientId: string }
  | IssuerRefusal;

export type TokenGrant =
  | {
      readonly kind: "client-credentials";
      readonly scopes: readonly string[];
      readonly resource: string | null;
      readonly audience: string | null;
    }
  | {
      readonly kind: "code";
      readonly clientId: string;
      readonly callbackUrl: string;
      readonly redirectUri: string;
      readonly state: string;
      readonly verifier: string;
      /** Expected in the ID token, which is asked for with the scope `openid`. */
      readonly nonce: string | null;
      readonly resource: string | null;
    }
  | {
      readonly kind: "refresh";
      readonly clientId: string;
      readonly token: SecretValue;
      readonly resource: string | null;
    }
  | {
      readonly kind: "exchange";
      readonly subjectToken: SecretValue;
      readonly scopes: readonly string[];
      readonly resource: string | null;
      readonly audience: string | null;
    };
export type Granted = { readonly kind: "token"; readonly token: IssuedToken } | IssuerRefusal;

export interface IssuedToken {
  readonly access: SecretValue;
  readonly refresh: SecretValue | null;
  readonly expiresInS: number | null;
}

export interface RevokedToken {
  readonly clientId: string | null;
  readonly value: SecretValue;
  readonly hint: "access_token" | "refresh_token";
}

/** `error` is a code of OAuth or one of ours: never text that the other side wrote. */
export interface IssuerRefusal {
  readonly kind: "refused";
  readonly error: string;
}
