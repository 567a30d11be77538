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
  const { callers, certificates } = await readCallers(config, options);
  if (admin.key === approver.key) {
    throw new Fault("keys_unusable", "The admin key and the approver key are the same.");
  }
  const keyring = createKeyring(
    [
      { id: "admin", role: "admin", sha256: hashKey(admin.key) },
      { id: "approver", role: "approver", sha256: hashKey(approver.key) },
      { id: "caller", role: "caller", sha256: hashKey(caller.key) },
      ...callers,
    ],
    certificates,
  );
  return { keyring, keys: [admin.place, approver.place, caller.place] };
}

/** A caller is known by its key, by its certificate, or by either. */
async function readCallers(config: Config, options: ApiKeysOptions) {
  const callers: KeyHash[] = [];
  const certificates: CertificateName[] = [];
  for (const { key, nextKey, certificate, ...caller } of listHolders(config)) {
    if (certificate !== undefined) certificates.push({ ...caller, certificate });
    for (const reference of [key, nextKey]) {
      if (reference === undefined) continue;
      callers.push({ ...caller, sha256: hashKey((await readReference(options, reference)).key) });
    }
  }
  return { callers, certificates };
}

function listHolders({ auth }: Config) {
  return [
    ...Object.entries(auth.callers).map(([id, { toolsets = null, ...given }]) => {
      return { ...given, id, role: "caller", toolsets } as const;
    }),
    ...Object.entries(auth.approvers).map(([id, given]) => {
      return { ...given, id, role: "approver" } as const;
    }),
  ];
}

async function toFilePlace(options: ApiKeysOptions, role: KeyRole) {
  const { key, file, made } = await ensureKeyFile(options, role);
  return { key, place: { role, place: file, made } };
}

async function readReference({ secrets }: ApiKeysOptions, reference: string) {
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
