import { createPrivateKey, type KeyObject } from "node:crypto";
import {
  ClientSecretBasic,
  ClientSecretPost,
  None,
  PrivateKeyJwt,
  type AuthorizationServer,
  type ClientAuth,
} from "oauth4webapi";
import { Fault } from "../../model/index.ts";
import type { ClientProof } from "../../ports/credentials.ts";

/** Our metadata document where the server reads those, else the id that it gave us. */
export function chooseClientId(metadata: AuthorizationServer, client: ClientProof): string | null {
  const { client_id_metadata_document_supported: isSupported } = metadata as {
    readonly client_id_metadata_document_supported?: unknown;
  };
  return client.metadataUrl !== null && isSupported === true ? client.metadataUrl : client.id;
}

export async function toClientAuth(client: ClientProof, clientId: string): Promise<ClientAuth> {
  const { auth } = client;
  switch (auth.kind) {
    case "none":
      return None();
    case "secret":
      // A shared secret belongs to the id that it was given with; a public document has none.
      if (clientId !== client.id) return None();
      return auth.how === "basic"
        ? ClientSecretBasic(auth.value.reveal())
        : ClientSecretPost(auth.value.reveal());
    case "key": {
      const key = await toCryptoKey(auth.value.reveal());
      return PrivateKeyJwt(auth.keyId === null ? key : { key, kid: auth.keyId });
    }
  }
}

async function toCryptoKey(text: string) {
  const key = readKey(text);
  const algorithm = toAlgorithm(key);
  if (algorithm === null) throw unusable();
  return key.toCryptoKey(algorithm, false, ["sign"]);
}

/** PEM, or one JWK. */
function readKey(text: string): KeyObject {
  try {
    if (!text.trimStart().startsWith("{")) return createPrivateKey(text);
    return createPrivateKey({ key: JSON.parse(text) as Record<string, string>, format: "jwk" });
  } catch {
    // The parser's own words may repeat a part of the key.
    throw unusable();
  }
}

const curves: Readonly<Record<string, string>> = {
  prime256v1: "P-256",
  secp384r1: "P-384",
  secp521r1: "P-521",
};

function toAlgorithm({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject) {
  if (asymmetricKeyType === "ed25519") return { name: "Ed25519" };
  if (asymmetricKeyType === "rsa") return { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const namedCurve = curves[asymmetricKeyDetails?.namedCurve ?? ""];
  return namedCurve === undefined ? null : { name: "ECDSA", namedCurve };
}

function unusable(): Fault {
  return new Fault("secret_unresolved", "The client's key is not a private key of a known kind.");
}
