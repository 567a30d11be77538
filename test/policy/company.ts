import { readFileSync } from "node:fs";
import { createPolicyDesk } from "../../src/main/policy-desk.ts";
import { configSchema, type Config } from "../../src/model/config.ts";
import { toCanonicalBytes, toDigest } from "../../src/model/index.ts";
import { createInMemoryStore } from "../../src/ports/in-memory-store.ts";
import { createManualClock } from "../../src/ports/manual-clock.ts";
import { starterRules } from "../../src/model/starter-rules.ts";
import type { Scene } from "../../src/policy/scene.ts";
import { tenant } from "./facts.ts";

type Properties = Readonly<Record<string, object>>;
interface MadeUpTool {
  readonly effect?: "read" | "write" | "destructive";
  readonly outward?: boolean;
  readonly needs: Properties;
  readonly takes?: Properties;
}

const text = { type: "string" };
const texts = { type: "array", items: text };
const whole = { type: "integer" };
const flag = { type: "boolean", default: false };

/** Pinned tools of six servers: what a company's agents work with. */
export const madeUpTools: Readonly<Record<string, Readonly<Record<string, MadeUpTool>>>> = {
  bank: {
    balance: { effect: "read", needs: { account: text } },
    statement: { effect: "read", needs: { account: text, month: whole } },
    pay: {
      outward: true,
      needs: { amount: { type: "number", exclusiveMinimum: 0 }, currency: text, to: text },
      takes: { reference: text, urgent: flag },
    },
    transfer: { needs: { cents: whole, from: text, to: text } },
    refund: { needs: { payment: text } },
    close: { effect: "destructive", needs: { account: text } },
  },
  mail: {
    search: { effect: "read", needs: { query: text } },
    read: { effect: "read", needs: { id: text } },
    send: {
      outward: true,
      needs: { to: { ...texts, minItems: 1 }, subject: text },
      takes: { body: text, bcc: texts },
    },
    draft: { needs: { to: texts, subject: text }, takes: { body: text } },
    delete: { effect: "destructive", needs: { id: text } },
  },
  files: {
    read: { effect: "read", needs: { path: text } },
    list: { effect: "read", needs: {}, takes: { path: text } },
    write: { needs: { path: text, content: text } },
    share: { outward: true, needs: { path: text, with: texts }, takes: { until: text } },
    delete: { effect: "destructive", needs: { path: text }, takes: { recursive: flag } },
  },
  web: {
    search: { effect: "read", needs: { query: text } },
    fetch: { effect: "read", needs: { url: text } },
    post: { needs: { url: text, body: text } },
  },
  calendar: {
    list: { effect: "read", needs: {}, takes: { from: text, to: text } },
    create: { needs: { title: text, start: text }, takes: { attendees: texts } },
    cancel: { needs: { id: text } },
  },
  db: {
    query: { effect: "read", needs: { sql: text }, takes: { limit: { ...whole, default: 100 } } },
    export: { effect: "read", outward: true, needs: { table: text, columns: texts } },
    execute: { needs: { sql: text, rows: whole } },
    drop: { effect: "destructive", needs: { table: text } },
  },
};

const definitions = (server: string) =>
  Object.entries(madeUpTools[server] ?? {}).map(([tool, { needs, takes = {} }]) => {
    const properties = { ...needs, ...takes };
    const required = Object.keys(needs);
    const inputSchema = { type: "object", properties, required, additionalProperties: false };
    const definition = toCanonicalBytes({ name: tool, inputSchema });
    return { tool, definition, digest: toDigest(definition) };
  });

export function toMadeUpConfig(rules: Readonly<Record<string, string>>, more: object = {}): Config {
  const servers = Object.entries(madeUpTools).map(([name, tools]) => {
    const effects = Object.entries(tools).map(([tool, { effect = "write", outward }]) => {
      return [tool, { effect, ...(outward === undefined ? {} : { outward }) }];
    });
    const common = {
      transport: "http",
      url: `https://${name}.example/mcp`,
      outward: name === "web",
    };
    const headers = { authorization: { secret: `secret://${name}-token` } };
    return [name, { ...common, headers, tools: Object.fromEntries(effects) }];
  });
  return configSchema.parse({
    version: 1,
    servers: Object.fromEntries(servers),
    toolsets: { kiosk: { servers: ["calendar", "files"], tools: ["calendar__*", "files__list"] } },
    policy: { rules },
    ...more,
  });
}

export function toMadeUpDesk(config: Config) {
  const { pins } = createInMemoryStore();
  const list: typeof pins.list = async (of, server) =>
    definitions(server).map((row) => ({
      ...row,
      tenant: of,
      server,
      acceptedBy: "test",
      acceptedAtMs: 0,
    }));
  const clock = createManualClock(Date.parse("2026-11-18T10:30:00Z"));
  return createPolicyDesk({ pins: { ...pins, list }, clock, tenant, serving: () => config });
}

export const companyRules = readFileSync(new URL("./cases/company.cedar", import.meta.url), "utf8");

export const ruleSets = {
  starter: { starter: starterRules },
  company: { company: companyRules },
} as const;

export async function openMadeUp(rules: Readonly<Record<string, string>>): Promise<Scene> {
  const opened = await toMadeUpDesk(toMadeUpConfig(rules)).open(null);
  if (opened.kind === "invalid") throw new Error(JSON.stringify(opened.problems));
  return opened.scene;
}
