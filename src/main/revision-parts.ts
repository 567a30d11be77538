import { createKeyring, hashKey, type Keyring, type Role } from "../authority/keyring.ts";
import type { ApiLimits } from "../api/api.ts";
import type { Config } from "../model/config.ts";
import { Fault } from "../model/index.ts";
import type { Random } from "../ports/random.ts";
import type { Secrets } from "../ports/secrets.ts";
import type { KeyPlace } from "../cli/context.ts";
import { ensureKeyFile } from "./key-files.ts";
import type { GateBase } from "./gate-base.ts";
import { startGate, type GateOfRevision } from "./gate-parts.ts";
import type { StoredVersions } from "./stored-secrets.ts";
import type { Running } from "./start-parts.ts";

/** What lives exactly as long as one revision: keys, bounds, and the gate with its servers. */
export interface RevisionParts {
  readonly keyring: Keyring;
  readonly limits: ApiLimits;
  readonly keys: readonly KeyPlace[];
  readonly gate: GateOfRevision;
  /** Stored secrets that the configuration refers to, as they were when these parts started. */
  readonly stored: StoredVersions;
}

export interface RevisionPartsOptions {
  readonly secrets: Secrets;
  readonly random: Random;
  readonly configDirectory: string;
  readonly base: GateBase;
  readonly readVersions: (config: Config) => Promise<StoredVersions>;
}

/** A key that a person chose may be guessed; 24 characters are more than one types by chance. */
const minKeyLength = 24;
/** What `Authorization: Bearer` takes. */
const keyShape = /^[\x21-\x7e]{1,512}$/;

export async function startRevisionParts(
  config: Config,
  { secrets, random, configDirectory, base, readVersions }: RevisionPartsOptions,
): Promise<Running<RevisionParts>> {
  // Before any of them is used: a change in between is noticed.
  const stored = await readVersions(config);
  const admin =
    config.auth.adminKey === undefined
      ? await toFilePlace("admin")
      : await readReference(config.auth.adminKey);
  const approver = await toFilePlace("approver");
  const caller = await toFilePlace("caller");
  const callers = await Promise.all(
    Object.entries(config.auth.callers).map(async ([id, { key, toolsets, roles }]) => ({
      id,
      role: "caller" as const,
      toolsets: toolsets ?? null,
      roles,
      sha256: hashKey((await readReference(key)).key),
    })),
  );
  if (admin.key === approver.key) {
    throw new Fault("keys_unusable", "The admin key and the approver key are the same.");
  }

  async function toFilePlace(role: Role) {
    const { key, file, made } = await ensureKeyFile({ configDirectory, random }, role);
    return { key, place: { role, place: file, made } };
  }
  async function readReference(reference: string) {
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

  const keyring = createKeyring([
    { id: "admin", role: "admin", sha256: hashKey(admin.key) },
    { id: "approver", role: "approver", sha256: hashKey(approver.key) },
    { id: "caller", role: "caller", sha256: hashKey(caller.key) },
    ...callers,
  ]);
  const keys = [admin.place, approver.place, caller.place];
  const gate = await startGate(config, base);
  return {
    parts: Object.freeze({ keyring, limits: toLimits(config), keys, gate, stored }),
    stop: () => gate.close(),
  };
}

function toLimits({ limits, allowedHosts, allowedOrigins }: Config): ApiLimits {
  return {
    allowedHosts,
    allowedOrigins,
    bodyBytes: limits.bodySize,
    concurrentRequests: limits.concurrentRequests,
    queuedRequests: limits.queuedRequests,
    openStreams: limits.openStreams,
    requestDeadlineMs: limits.requestDeadline,
  };
}
