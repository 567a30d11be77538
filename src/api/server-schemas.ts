import { z } from "zod";
import { digestSchema } from "../model/index.ts";

const grade = z.enum(["cosmetic", "widening", "breaking", "dangerous"]);

const breaker = z.object({
  state: z.enum(["closed", "open", "probing"]),
  faults: z.int().describe("In a row."),
  opened: z
    .object({
      at: z.iso.datetime(),
      fault: z.string().nullable().describe("The last one before it opened."),
    })
    .nullable()
    .describe("Null while it is closed."),
  coolingMs: z.number().describe("Until one call may try."),
});

const figures = z
  .object({
    windowMs: z.number().describe("How far back they reach."),
    calls: z.int().describe("That ended, refusals included."),
    denied: z.int(),
    errors: z.int().describe("That a tool or its server failed."),
    p50Ms: z.number().nullable(),
    p95Ms: z.number().nullable(),
    p99Ms: z.number().nullable(),
  })
  .describe("Calls of the last minutes; times are estimated from a histogram.");

const server = z.object({
  name: z.string(),
  transport: z.enum(["http", "sse", "stdio", "workbench", "internal"]),
  state: z.enum(["connecting", "ready", "down"]),
  reason: z.string().nullable().describe("Why it is down."),
  version: z.string().nullable().describe("Version of the protocol that it speaks."),
  listedAt: z.iso.datetime().nullable(),
  tools: z.int(),
  blocked: z.int(),
  drifts: z.int(),
  worst: grade.nullable().optional().describe("The worst grade of its drifts."),
  sandbox: z
    .string()
    .nullable()
    .optional()
    .describe("Where its program runs: a tier, or `none`; null: it is no program of this machine."),
  seen: z
    .object({
      breaker: z.enum(["closed", "open", "probing"]),
      ejected: z.int().describe("Endpoints that others are chosen in place of."),
      recent: figures.nullable(),
    })
    .optional()
    .describe("As this replica sees it. Others have breakers and counters of their own."),
});

const tool = z.object({
  name: z.string().describe("As it is offered."),
  server: z.string(),
  title: z.string().nullable(),
  description: z.string(),
  effect: z.enum(["read", "write", "destructive"]),
  pin: digestSchema,
  blocked: z.array(z.string()).nullable().describe("Why it cannot be called."),
});

export const serverSchemas = {
  Server: server,
  Servers: z.object({ servers: z.array(server) }),
  ServerFacts: z.object({
    server,
    serverVersion: z.string().nullable().describe("What the server calls its own version."),
    instructions: z.string().nullable(),
    capabilities: z.array(z.string()),
    seen: z
      .object({
        breaker,
        endpoints: z.array(
          z.object({
            endpoint: z.string(),
            outstanding: z.int().describe("Sent and not answered."),
            faults: z.int().describe("In a row."),
            ejectedMs: z.number().describe("How long others are chosen in its place."),
          }),
        ),
      })
      .nullable()
      .describe("As this replica sees it; null: it has called nothing there."),
    tools: z.array(
      tool.extend({
        ownName: z.string().describe("As the server calls it."),
        idempotent: z.boolean(),
        outward: z.boolean(),
        breaker: breaker.nullable().describe("Null while it is closed."),
        recent: figures.nullable(),
      }),
    ),
  }),
  Tool: tool,
  Tools: z.object({ tools: z.array(tool) }),
  ToolDefinition: z.object({
    name: z.string(),
    pin: digestSchema,
    definition: z
      .record(z.string(), z.unknown())
      .describe("As it is shown to clients: `inputSchema`, `annotations` …"),
  }),
} as const;
