import { writeFileSync } from "node:fs";
import path from "node:path";
import OpenAI, { APIError } from "openai";
import { onTestFinished } from "vitest";
import { startScriptedServer } from "../../src/adapters/scripted/scripted-server.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { modelScriptSchema } from "../../src/model/model-script.ts";
import { createHome, type Home, type Up } from "../e2e/home.ts";

/** The backend's, which nobody who asks may see or send. */
export const modelKey = "sk-canary-of-the-backend-0123456789";
const keys = {
  ada: "a-key-of-ada-who-calls-0123456789",
  bob: "a-key-of-bob-of-another-tenant-0123",
  held: "a-key-of-one-held-to-a-toolset-0123",
  named: "a-key-of-one-who-may-ask-one-model",
} as const;
export type Asker = keyof typeof keys;

export interface ChatScene {
  readonly home: Home;
  readonly up: Up;
  /** The official client, which asks once. */
  as(who: Asker, more?: { readonly maxRetries?: number }): OpenAI;
  /** Our own interface, as the admin. */
  tell(method: string, where: string, body?: object): Promise<Record<string, unknown>>;
  /** Requests under way at the backends. */
  active(): Promise<number>;
}

const backend = (url: string, more: string) =>
  `{ kind: openai, url: "${url}/v1", model: any, key: env://MODEL_KEY, private: true${more} }`;

/** The product as it is started, in front of a model elsewhere that says what the turns say. */
export async function startChat(turns: readonly object[], more = ""): Promise<ChatScene> {
  const script = modelScriptSchema.parse({ name: "remote", turns });
  const remote = await startScriptedServer({ script, clock: systemClock, key: modelKey });
  onTestFinished(() => remote.close());
  const home = createHome();
  const document = `version: 1
limits: { bodySize: 64KiB }
auth:
  callers:
    ada: { key: env://ADA_KEY }
    bob: { key: env://BOB_KEY, tenant: other }
    held: { key: env://HELD_KEY, toolsets: [] }
    named: { key: env://NAMED_KEY, toolsets: [], models: ["sma*"] }
models:
  backends:
    priced: ${backend(remote.url, ', prices: { input: "2.50", output: "10", cached: "1" }')}
    free: ${backend(remote.url, "")}
  routes:
    small: [[{ backend: priced }]]
    plain: [[{ backend: free }]]
${more}`;
  writeFileSync(path.join(home.directory, "countersign.yaml"), document);
  home.environment["MODEL_KEY"] = modelKey;
  for (const [name, key] of Object.entries(keys))
    home.environment[`${name.toUpperCase()}_KEY`] = key;
  const up = await home.up();
  home.environment["COUNTERSIGN_URL"] = up.url;
  const tell: ChatScene["tell"] = async (method, where, body) => {
    const response = await fetch(`${up.url}${where}`, {
      method,
      headers: { authorization: `Bearer ${home.key("admin")}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return (await response.json()) as Record<string, unknown>;
  };
  return {
    home,
    up,
    as: (who, { maxRetries = 0 } = {}) =>
      new OpenAI({ apiKey: keys[who], baseURL: `${up.url}/v1`, maxRetries }),
    tell,
    async active() {
      const { backends } = (await tell("GET", "/v1/models")) as { backends: { active: number }[] };
      return backends.reduce((sum, each) => sum + each.active, 0);
    },
  };
}

export const user = (content: string) => [{ role: "user" as const, content }];

export type Failure = APIError<number | undefined, Headers | undefined, object | undefined>;

/** What the official client threw. */
export async function failureOf(asked: Promise<unknown>): Promise<Failure> {
  const error = await asked.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof APIError) return error as Failure;
  throw new Error(`no refusal of the API: ${String(error)}`);
}

interface Receipt {
  readonly kind: string;
  readonly tool: string | null;
  readonly outcome: string | null;
}

/** Entries of completions of the admin's tenant, the latest first. */
export async function completionsOf({ tell }: ChatScene): Promise<readonly Receipt[]> {
  const { receipts } = (await tell("GET", "/v1/receipts?limit=100")) as { receipts: Receipt[] };
  return receipts.filter(({ kind }) => kind === "completion");
}
