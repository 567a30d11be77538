import {
  createKeyring,
  hashKey,
  type CertificateName,
  type KeyHash,
  type Keyring,
  type KeyRole,
} from "../authority/keyring.ts";
import type { KeyPlace } from "../cli/context.ts";
import type { Config } from "../model/config.ts";
import { Fault } from "../model/index.ts";
import type { Random } from "../ports/random.ts";
import type { Secrets } from "../ports/secrets.ts";
import { ensureKeyFile } from "./key-files.ts";

export interface ApiKeysOptions {
  readonly secrets: Secrets;
  readonly random: Random;
  readonly configDirectory: string;
}

export interface ApiKeys {
  readonly keyring: Keyring;
  /** Where this user finds them. */
  readonly keys: readonly KeyPlace[];
}

/** A key that a person chose may be guessed; 24 characters are more than one types by chance. */
const minKeyLength = 24;
/** What `Authorization: Bearer` takes. */
const keyShape = /^[\x21-\x7e]{1,512}$/;

/** Reads what the configuration refers to, and makes the rest for this user. */
export async function readApiKeys(config: Config, options: ApiKeysOptions): Promise<ApiKeys> {
  const admin =
    config.auth.adminKey === undefined
      ? await toFilePlace(options, "admin")
      : await readReference(options, config.auth.adminKey);
  const approver = await toFilePlace(options, "approver");
  const caller = await toFilePlace(options, "caller");
  const { placed, certificates } = await readConfigured(config, options);
  const all: readonly PlacedKey[] = [
    toOwn(admin, { id: "admin", role: "admin" }),
    toOwn(approver, { id: "approver", role: "approver" }),
    toOwn(caller, { id: "caller", role: "caller" }),
    ...placed,
  ];
  requireApart(all);
  const keyring = createKeyring(
    all.map(({ hash }) => hash),
    certificates,
  );
  return { keyring, keys: [admin.place, approver.place, caller.place] };
}

/** With where its holder stands: `auth.callers.bot`, a file. */
interface PlacedKey {
  readonly of: string;
  readonly hash: KeyHash;
}

function toOwn({ key, place }: Read, holder: Pick<KeyHash, "id" | "role">): PlacedKey {
  return { of: place.place, hash: { ...holder, sha256: hashKey(key) } };
}

/** Of two holders of one key nobody could tell who called, or who agreed. */
function requireApart(all: readonly PlacedKey[]): void {
  const holders = new Map<string, string>();
  for (const { of, hash } of all) {
    const other = holders.get(hash.sha256) ?? of;
    holders.set(hash.sha256, of);
    if (other !== of) throw new Fault("keys_unusable", `${other} and ${of} have the same key.`);
  }
}

/** A caller is known by its key, by its certificate, or by either. */
async function readConfigured(config: Config, options: ApiKeysOptions) {
  const placed: PlacedKey[] = [];
  const certificates: CertificateName[] = [];
  for (const { of, holder, key, nextKey, certificate } of listHolders(config)) {
    if (certificate !== undefined) certificates.push({ ...holder, certificate });
    for (const reference of [key, nextKey]) {
      if (reference === undefined) continue;
      const { key: text } = await readReference(options, reference);
      placed.push({ of, hash: { ...holder, sha256: hashKey(text) } });
    }
  }
  return { placed, certificates };
}

function listHolders({ auth }: Config) {
  return [
    ...Object.entries(auth.callers).map(([id, given]) => {
      const { toolsets = null, key, nextKey, certificate, ...rest } = given;
      const holder = { ...rest, id, role: "caller", toolsets } as const;
      return { of: `auth.callers.${id}`, holder, key, nextKey, certificate };
    }),
    ...Object.entries(auth.approvers).map(([id, { key, nextKey, certificate, ...rest }]) => {
      const holder = { ...rest, id, role: "approver" } as const;
      return { of: `auth.approvers.${id}`, holder, key, nextKey, certificate };
    }),
  ];
}

interface Read {
  readonly key: string;
  readonly place: KeyPlace;
}

async function toFilePlace(options: ApiKeysOptions, role: KeyRole): Promise<Read> {
  const { key, file, made } = await ensureKeyFile(options, role);
  return { key, place: { role, place: file, made } };
}

async function readReference({ secrets }: ApiKeysOptions, reference: string): Promise<Read> {
  const key = (await secrets.resolve(reference)).reveal().trim();
  if (key.length < minKeyLength) {
    throw new Fault("keys_unusable", `${reference} holds fewer than ${minKeyLength} characters.`);
  }
  if (!keyShape.test(key)) {
    throw new Fault(
      "keys_unusable",
      `${reference} holds what no header carries: a key is at most 512 visible ASCII characters.`,
    );
  }
  return { key, place: { role: "admin", place: reference, made: false } };
}
