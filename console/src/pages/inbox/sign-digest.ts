import type { Client } from "../../../../src/client/client.ts";

/** Why a passkey did not sign: a value, said as it stands. */
export interface Unsigned {
  readonly kind: "unsigned";
  readonly why: "changed" | "elsewhere" | "unused" | "none";
  readonly place: string;
}

export interface Signed {
  readonly kind: "signed";
  readonly assertion: object;
}

/** Browsers that read passkeys' requests as JSON; older ones have none that we use. */
export function hasPasskeys(): boolean {
  return (
    "PublicKeyCredential" in globalThis &&
    "parseRequestOptionsFromJSON" in PublicKeyCredential &&
    // Of a site without TLS that is not this machine, a browser takes it away.
    (navigator.credentials as unknown) !== undefined
  );
}

/** Asks the approver's passkey to sign the digest of what is on the screen, and nothing else. */
export async function signDigest(
  client: Client,
  shown: { readonly id: string; readonly digest: string },
): Promise<Signed | Unsigned> {
  const unsigned = (why: Unsigned["why"], place = ""): Unsigned => ({
    kind: "unsigned",
    why,
    place,
  });
  if (!hasPasskeys()) return unsigned("none");
  const { body } = await client.signApproval({ id: shown.id, body: "{}" });
  const options = body.options as unknown as PublicKeyCredentialRequestOptionsJSON;
  // What is signed is what is shown: a server that asks for another digest is not followed.
  if (options.challenge !== toChallenge(shown.digest)) return unsigned("changed");
  const place = options.rpId ?? location.hostname;
  if (location.hostname !== place && !location.hostname.endsWith(`.${place}`))
    return unsigned("elsewhere", `${location.protocol}//${place}${toPort()}${location.pathname}`);
  try {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
    const credential = await navigator.credentials.get({ publicKey });
    if (!(credential instanceof PublicKeyCredential)) return unsigned("unused");
    return { kind: "signed", assertion: credential.toJSON() };
  } catch {
    return unsigned("unused");
  }
}

const toPort = (): string => (location.port === "" ? "" : `:${location.port}`);

/** The 32 bytes of a digest as a challenge is written; null for what is no digest. */
export function toChallenge(digest: string): string | null {
  const [, hex] = /^sha256:([0-9a-f]{64})$/.exec(digest) ?? [];
  const bytes = hex?.match(/../g)?.map((pair) => Number.parseInt(pair, 16));
  if (bytes === undefined) return null;
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}
