import { createKeyring, hashKey, type Keyring } from "../authority/keyring.ts";
import type { ApiLimits } from "../api/api.ts";
import type { Config } from "../model/config.ts";
import { Fault } from "../model/index.ts";
import type { Random } from "../ports/random.ts";
import type { Secrets } from "../ports/secrets.ts";
import type { KeyPlace } from "../cli/context.ts";
import { ensureKeyFile } from "./key-files.ts";
import type { Running } from "./start-parts.ts";

/** What lives exactly as long as one revision: the keys that open the door, and its bounds. */
export interface RevisionParts {
  readonly keyring: Keyring;
  readonly limits: ApiLimits;
  readonly keys: readonly KeyPlace[];
}

export interface RevisionPartsOptions {
  readonly secrets: Secrets;
  readonly random: Random;
  readonly configDirectory: string;
}

/** A key that a person chose may be guessed; 24 characters are more than one types by chance. */
const minKeyLength = 24;

export async function startRevisionParts(
  config: Config,
  { secrets, random, configDirectory }: RevisionPartsOptions,
): Promise<Running<RevisionParts>> {
  const admin =
    config.auth.adminKey === undefined
      ? await toFilePlace("admin")
      : await readReference(config.auth.adminKey);
  const approver = await toFilePlace("approver");
  if (admin.key === approver.key) {
    throw new Fault("keys_unusable", "The admin key and the approver key are the same.");
  }

  async function toFilePlace(role: "admin" | "approver") {
    const { key, file, made } = await ensureKeyFile({ configDirectory, random }, role);
    return { key, place: { role, place: file, made } };
  }
  async function readReference(reference: string) {
    const key = (await secrets.resolve(reference)).reveal().trim();
    if (key.length < minKeyLength) {
      throw new Fault("keys_unusable", `${reference} holds fewer than ${minKeyLength} characters.`);
    }
    return { key, place: { role: "admin", place: reference, made: false } };
  }

  const keyring = createKeyring([
    { id: "admin", role: "admin", sha256: hashKey(admin.key) },
    { id: "approver", role: "approver", sha256: hashKey(approver.key) },
  ]);
  const keys = [admin.place, approver.place];
  return {
    parts: Object.freeze({ keyring, limits: toLimits(config), keys }),
    stop: async () => undefined,
  };
}

function toLimits({ limits, allowedHosts, allowedOrigins }: Config): ApiLimits {
  return {
    allowedHosts,
    allowedOrigins,
    bodyBytes: limits.bodySize,
    concurrentRequests: limits.concurrentRequests,
    queuedRequests: limits.queuedRequests,
    requestDeadlineMs: limits.requestDeadline,
  };
}
