import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  sign,
  type KeyObject,
} from "node:crypto";
import type { Clock } from "../../ports/clock.ts";
import type { Random } from "../../ports/random.ts";
import {
  bits,
  integer,
  objectId,
  octets,
  plain,
  sequence,
  set,
  tagged,
  time,
  truth,
  utf8,
  type Der,
} from "./der.ts";

/** Says that it is a host to the programs of one sandbox, and to nobody else. */
export interface InstanceAuthority {
  /** What the sandbox trusts (PEM). */
  readonly certificate: string;
  /** For one of its hosts. */
  identify(host: string): Identity;
}

export interface Identity {
  readonly certificate: string;
  readonly key: string;
}

export interface AuthorityParts {
  /** For these names alone it can say anything. */
  readonly hosts: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
}

/** Clocks differ, inside a machine of its own above all. */
const earlyMs = 3_600_000;
const dayMs = 86_400_000;
/**
 * As long as a sandbox may live: its key is in this process's memory alone, and nobody but that sandbox
 * trusts it.
 */
const authorityMs = 366 * dayMs;
/** A new one is made when half of it is over. */
const identityMs = dayMs;
const serialBytes = 16;
const keyIdBytes = 20;

/** Keys lie in memory alone and go with the sandbox. */
export function createInstanceAuthority({
  hosts,
  clock,
  random,
}: AuthorityParts): InstanceAuthority {
  const own = createKeys();
  const name = toName(`Countersign sandbox ${Buffer.from(random.bytes(8)).toString("hex")}`);
  const issue = (
    spec: Omit<CertificateSpec, "issuer" | "signedBy" | "serial" | "fromMs">,
  ): string =>
    toCertificate({
      ...spec,
      issuer: name,
      signedBy: own.privateKey,
      serial: random.bytes(serialBytes),
      fromMs: clock.nowMs() - earlyMs,
    });
  const certificate = issue({
    subject: name,
    publicKey: own.spki,
    forMs: authorityMs,
    extensions: [
      toExtension(ids.basicConstraints, sequence(truth, integer(Buffer.from([0]))), "critical"),
      toExtension(ids.keyUsage, bits(Buffer.from([0b0000_0100]), 2), "critical"),
      toExtension(ids.nameConstraints, toNameConstraints(hosts), "critical"),
      toExtension(ids.subjectKeyId, octets(own.keyId)),
    ],
  });
  const made = new Map<string, { readonly identity: Identity; readonly untilMs: number }>();

  return {
    certificate,
    identify(host) {
      const nowMs = clock.nowMs();
      const known = made.get(host);
      if (known !== undefined && nowMs < known.untilMs) return known.identity;
      const keys = createKeys();
      const leaf = issue({
        subject: toName("Countersign egress"),
        publicKey: keys.spki,
        forMs: identityMs,
        extensions: toLeafExtensions(host, keys.keyId, own.keyId),
      });
      const key = keys.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
      const identity = { certificate: leaf, key };
      made.set(host, { identity, untilMs: nowMs + identityMs / 2 });
      return identity;
    },
  };
}

interface Keys {
  readonly privateKey: KeyObject;
  /** As certificates write a public key. */
  readonly spki: Buffer;
  readonly keyId: Buffer;
}

function createKeys(): Keys {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const spki = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  const keyId = createHash("sha256").update(spki).digest().subarray(0, keyIdBytes);
  return { privateKey, spki, keyId };
}

const ids = {
  commonName: "2.5.4.3",
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  subjectKeyId: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectNames: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  nameConstraints: "2.5.29.30",
  authorityKeyId: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
} as const;

interface CertificateSpec {
  readonly issuer: Der;
  readonly signedBy: KeyObject;
  readonly serial: Uint8Array;
  readonly subject: Der;
  readonly publicKey: Der;
  readonly fromMs: number;
  readonly forMs: number;
  readonly extensions: readonly Der[];
}

/** RFC 5280, in the one shape that is needed here. */
function toCertificate(spec: CertificateSpec): string {
  const { issuer, subject, publicKey, serial, fromMs, forMs, extensions, signedBy } = spec;
  const algorithm = sequence(objectId(ids.ecdsaWithSha256));
  const version = tagged(0, integer(Buffer.from([2])));
  const validity = sequence(time(fromMs), time(fromMs + earlyMs + forMs));
  const named = [issuer, validity, subject, publicKey];
  const rest = tagged(3, sequence(...extensions));
  const said = sequence(version, integer(serial), algorithm, ...named, rest);
  const signature = bits(sign("sha256", said, signedBy));
  const base64 = sequence(said, algorithm, signature).toString("base64");
  const lines = base64.match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

function toName(text: string): Der {
  return sequence(set(sequence(objectId(ids.commonName), utf8(text))));
}

function toExtension(id: string, content: Der, weight: "critical" | "plain" = "plain"): Der {
  const flag = weight === "critical" ? [truth] : [];
  return sequence(objectId(id), ...flag, octets(content));
}

const [dnsName, ipAddress] = [2, 7];

/** Those names, and no address at all: neither of IPv4 nor of IPv6. */
function toNameConstraints(hosts: readonly string[]): Der {
  const permitted = hosts.map((host) => sequence(plain(dnsName, Buffer.from(host, "latin1"))));
  const addresses = [8, 32].map((length) => sequence(plain(ipAddress, Buffer.alloc(length))));
  return sequence(tagged(0, ...permitted), tagged(1, ...addresses));
}

function toLeafExtensions(host: string, keyId: Buffer, issuerKeyId: Buffer): readonly Der[] {
  const name = sequence(plain(dnsName, Buffer.from(host, "latin1")));
  return [
    toExtension(ids.basicConstraints, sequence(), "critical"),
    toExtension(ids.keyUsage, bits(Buffer.from([0b1000_0000]), 7), "critical"),
    toExtension(ids.extendedKeyUsage, sequence(objectId(ids.serverAuth))),
    toExtension(ids.subjectNames, name),
    toExtension(ids.subjectKeyId, octets(keyId)),
    toExtension(ids.authorityKeyId, sequence(plain(0, issuerKeyId))),
  ];
}
