import { z } from "zod";
import { parseStrictJson } from "../lib/strict-json.ts";
import { hostSchema } from "../model/config-field.ts";
import { isOwnSecret } from "../authority/tenant-keys.ts";
import { Fault } from "../model/index.ts";
import { secretNameSchema } from "../model/secret-reference.ts";
import { SecretValue } from "../ports/secrets.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { SecretChange, SecretFacts, SecretPage, Vault } from "../ports/vault.ts";
import type { Answer, Answers, Asked } from "./contract.ts";
import type { routes } from "./routes.ts";
import { tenantOf } from "./tenant-of.ts";

export interface SecretAnswersOptions {
  readonly vault: Vault;
  readonly telemetry: Telemetry;
  /** Told after a secret was written or removed. */
  readonly onSecret: (name: string) => Promise<void>;
}

type SecretRoutes = Pick<typeof routes, "listSecrets" | "setSecret" | "removeSecret">;

const pageSize = 200;

const setting = z.strictObject({
  value: z.string(),
  hosts: z.array(hostSchema).max(32).prefault([]),
});

const cursor = z.tuple([z.string(), z.string().nullable()]);

/** Values come in and never go out; what is refused is not repeated. */
export function createSecretAnswers(options: SecretAnswersOptions): Answers<SecretRoutes> {
  const { vault } = options;
  return {
    listSecrets: async ({ query, holder }) => {
      const after = query.after === undefined ? null : parseCursor(query.after);
      const rows = await vault.list(tenantOf(holder), { after, limit: pageSize });
      const next = rows.length < pageSize ? null : toCursor(rows.at(-1)!);
      return {
        status: 200,
        body: { secrets: rows.filter(({ name }) => !isOwnSecret(name)).map(toSecret), next },
      };
    },
    setSecret: (asked) => set(options, asked),
    removeSecret: async ({ params: { name }, query, holder }) => {
      const subject = query.subject ?? null;
      if (isOwnSecret(name) || !(await vault.remove({ tenant: tenantOf(holder), name, subject }))) {
        throw new Fault("not_found", `There is no secret ${name}.`, { details: { name, subject } });
      }
      await tell(options, "a secret was removed", { name, subject, by: holder?.id });
      return { status: 200, body: { name, subject } };
    },
  };
}

async function set(
  options: SecretAnswersOptions,
  { params, body, holder }: Asked<SecretRoutes["setSecret"]>,
): Promise<Answer<SecretRoutes["setSecret"]>> {
  const name = secretNameSchema.safeParse(params.name);
  if (!name.success) {
    // Whoever mixes up name and value must not find the value in a log.
    throw new Fault("request_invalid", `A name of a secret ${name.error.issues[0]!.message}.`);
  }
  const key = { tenant: tenantOf(holder), name: name.data, subject: null };
  const facts = await options.vault.put(key, parseChange(body));
  const { version } = facts;
  await tell(options, "a secret was written", { name: key.name, version, by: holder?.id });
  return { status: 200, body: toSecret(facts) };
}

/** Says where it is wrong in words of its own: keys and snippets of the body may be the value. */
function parseChange(body: string): SecretChange {
  const read = parseStrictJson(body);
  if (read.kind === "refused") throw new Fault("request_invalid", "The body is not JSON.");
  const parsed = setting.safeParse(read.value);
  if (parsed.success) {
    return { value: new SecretValue(parsed.data.value), hosts: parsed.data.hosts };
  }
  const [place] = parsed.error.issues[0]!.path;
  const what =
    place === "hosts"
      ? "hosts takes at most 32 host names, such as api.example.com or api.example.com:8443"
      : place === "value"
        ? "value takes a text"
        : "it takes value and hosts, and nothing else";
  throw new Fault("request_invalid", `body: ${what}.`);
}

async function tell(
  { telemetry, onSecret }: SecretAnswersOptions,
  message: string,
  fields: { readonly name: string } & Record<string, unknown>,
): Promise<void> {
  telemetry.log("info", message, fields);
  // A hint that is lost is made up for by the poll.
  await onSecret(fields.name).catch((fault: unknown) => {
    telemetry.log("warn", "replicas were not told of a changed secret", { fault });
  });
}

function toSecret({ name, subject, version, hosts, writtenAtMs }: SecretFacts) {
  const writtenAt = new Date(writtenAtMs).toISOString();
  return { name, subject, version, hosts: [...hosts], writtenAt };
}

export function toCursor({ name, subject }: Pick<SecretFacts, "name" | "subject">): string {
  return Buffer.from(JSON.stringify([name, subject])).toString("base64url");
}

export function parseCursor(text: string): SecretPage["after"] {
  const read = parseStrictJson(Buffer.from(text, "base64url").toString());
  const parsed = cursor.safeParse(read.kind === "refused" ? null : read.value);
  if (!parsed.success) throw new Fault("request_invalid", "query after: takes what `next` said");
  const [name, subject] = parsed.data;
  return { name, subject };
}
