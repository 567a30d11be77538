import {
  generateKeyPairSync,
  hash,
  randomBytes,
  sign,
  type KeyObject,
  type KeyPairKeyObjectResult,
} from "node:crypto";
import type { CeremonyRequest } from "../../src/ports/passkeys.ts";
import { place } from "./passkeys-under-test.ts";

/**
 * An authenticator and its browser in one, that does what it is told: lie, for one. It makes the bytes
 * by hand, with nothing of the library that reads them.
 */
export interface SoftwareAuthenticator {
  readonly id: string;
  create(request: CeremonyRequest, lies?: Lies): object;
  sign(request: CeremonyRequest, lies?: Lies): object;
}

export type KeyKind = "ES256" | "EdDSA" | "RS256" | "RS256 of 1024 bits" | "ES384";

export interface Lies {
  readonly origin?: string;
  readonly challenge?: string;
  readonly type?: string;
  /** Name that the authenticator believes to be at. */
  readonly name?: string;
  readonly flags?: number;
  readonly counter?: number;
  /** Added to what the browser says. */
  readonly said?: Record<string, unknown>;
  /** What the browser says, as it stands there. */
  readonly client?: string;
  readonly id?: string;
  readonly userHandle?: string | null;
  /** What a maker's certificate would stand in. */
  readonly statement?: "none" | "packed with a certificate" | "unknown";
  /** One bit of the signature. */
  readonly flip?: boolean;
}

interface Made {
  readonly keys: KeyPairKeyObjectResult;
  readonly id: Buffer;
  readonly kind: KeyKind;
}

const present = 0x01;
const verified = 0x04;
const hasKey = 0x40;

export function createSoftwareAuthenticator(
  kind: KeyKind = "ES256",
  options: { readonly counts?: boolean; readonly id?: Buffer } = {},
): SoftwareAuthenticator {
  const { counts = true, id = randomBytes(32) } = options;
  const made = { keys: generateKeys(kind), id, kind };
  let counter = 0;
  const count = (lies: Lies): number => {
    counter += counts ? 1 : 0;
    return lies.counter ?? counter;
  };
  return {
    id: id.toString("base64url"),
    create: (request, lies = {}) => create(made, request, { ...lies, counter: count(lies) }),
    sign: (request, lies = {}) => signFor(made, request, { ...lies, counter: count(lies) }),
  };
}

type Told = Lies & { readonly counter: number };

function create({ keys, id, kind }: Made, request: CeremonyRequest, lies: Told): object {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(id.length);
  const key = toCose(keys.publicKey, kind);
  const rp = (request["rp"] as { id: string }).id;
  const flags = lies.flags ?? present | verified | hasKey;
  const authData = Buffer.concat([
    toHead(rp, { ...lies, flags }),
    Buffer.alloc(16),
    length,
    id,
    key,
  ]);
  const { statement = "none" } = lies;
  const object = toCbor(
    new Map<string, Cbor>([
      ["fmt", statement === "none" ? "none" : statement === "unknown" ? "mine" : "packed"],
      [
        "attStmt",
        statement === "packed with a certificate"
          ? new Map<string, Cbor>([
              ["alg", -7],
              ["sig", Buffer.alloc(64)],
              ["x5c", [Buffer.from("a certificate")]],
            ])
          : new Map<string, Cbor>(),
      ],
      ["authData", authData],
    ]),
  );
  const text = (lies.id === undefined ? id : Buffer.from(lies.id)).toString("base64url");
  const client = toClient("webauthn.create", request, lies);
  return {
    id: text,
    rawId: text,
    type: "public-key",
    response: {
      clientDataJSON: client.toString("base64url"),
      attestationObject: object.toString("base64url"),
      transports: ["internal"],
    },
  };
}

function signFor({ keys, id, kind }: Made, request: CeremonyRequest, lies: Told): object {
  const authData = toHead(String(request["rpId"]), lies);
  const client = toClient("webauthn.get", request, lies);
  const signed = Buffer.concat([authData, Buffer.from(hash("sha256", client, "hex"), "hex")]);
  const signature = sign(kind === "EdDSA" ? null : "sha256", signed, keys.privateKey);
  if (lies.flip === true) signature[signature.length - 1]! ^= 1;
  const text = lies.id ?? id.toString("base64url");
  return {
    id: text,
    rawId: text,
    type: "public-key",
    response: {
      clientDataJSON: client.toString("base64url"),
      authenticatorData: authData.toString("base64url"),
      signature: signature.toString("base64url"),
      userHandle: lies.userHandle ?? null,
    },
  };
}

/** Hash of the name, flags, counter. */
function toHead(name: string, lies: Told): Buffer {
  const rest = Buffer.alloc(5);
  rest[0] = lies.flags ?? present | verified;
  rest.writeUInt32BE(lies.counter, 1);
  return Buffer.concat([Buffer.from(hash("sha256", lies.name ?? name, "hex"), "hex"), rest]);
}

function toClient(type: string, request: CeremonyRequest, lies: Lies): Buffer {
  const said = {
    type: lies.type ?? type,
    challenge: lies.challenge ?? request["challenge"],
    origin: lies.origin ?? place.origin,
    crossOrigin: false,
    ...lies.said,
  };
  return Buffer.from(lies.client ?? JSON.stringify(said));
}

function generateKeys(kind: KeyKind): KeyPairKeyObjectResult {
  switch (kind) {
    case "ES256":
      return generateKeyPairSync("ec", { namedCurve: "P-256" });
    case "ES384":
      return generateKeyPairSync("ec", { namedCurve: "P-384" });
    case "EdDSA":
      return generateKeyPairSync("ed25519");
    case "RS256":
      return generateKeyPairSync("rsa", { modulusLength: 2_048 });
    case "RS256 of 1024 bits":
      return generateKeyPairSync("rsa", { modulusLength: 1_024 });
  }
}

function toCose(key: KeyObject, kind: KeyKind): Buffer {
  const jwk = key.export({ format: "jwk" });
  const bytes = (text: string | undefined) => Buffer.from(text ?? "", "base64url");
  if (kind === "EdDSA")
    return toCbor(
      new Map<number, Cbor>([
        [1, 1],
        [3, -8],
        [-1, 6],
        [-2, bytes(jwk.x)],
      ]),
    );
  if (kind === "ES256" || kind === "ES384") {
    const [algorithm, curve] = kind === "ES256" ? ([-7, 1] as const) : ([-35, 2] as const);
    return toCbor(
      new Map<number, Cbor>([
        [1, 2],
        [3, algorithm],
        [-1, curve],
        [-2, bytes(jwk.x)],
        [-3, bytes(jwk.y)],
      ]),
    );
  }
  return toCbor(
    new Map<number, Cbor>([
      [1, 3],
      [3, -257],
      [-1, bytes(jwk.n)],
      [-2, bytes(jwk.e)],
    ]),
  );
}

type Cbor = number | string | Buffer | readonly Cbor[] | ReadonlyMap<string | number, Cbor>;

function toCbor(value: Cbor): Buffer {
  if (typeof value === "number")
    return value >= 0 ? toCborHead(0, value) : toCborHead(1, -1 - value);
  if (typeof value === "string") {
    return Buffer.concat([toCborHead(3, Buffer.byteLength(value)), Buffer.from(value)]);
  }
  if (Buffer.isBuffer(value)) return Buffer.concat([toCborHead(2, value.length), value]);
  if (value instanceof Map) {
    const pairs = [...(value as ReadonlyMap<string | number, Cbor>)];
    return Buffer.concat([
      toCborHead(5, pairs.length),
      ...pairs.flatMap((pair) => pair.map(toCbor)),
    ]);
  }
  const items = value as readonly Cbor[];
  return Buffer.concat([toCborHead(4, items.length), ...items.map(toCbor)]);
}

function toCborHead(major: number, value: number): Buffer {
  if (value < 24) return Buffer.from([(major << 5) | value]);
  if (value < 0x100) return Buffer.from([(major << 5) | 24, value]);
  return Buffer.from([(major << 5) | 25, value >> 8, value & 0xff]);
}
