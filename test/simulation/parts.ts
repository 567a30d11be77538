import type { Json } from "../../src/lib/strict-json.ts";
import { toDigest, type Digest } from "../../src/model/index.ts";
import type { Bundle } from "../../src/model/bundle.ts";
import type { BuiltBundle } from "../../src/ports/bundles.ts";
import type { Catalog, CatalogTool } from "../../src/ports/catalog.ts";
import type { Openings } from "../../src/ports/openings.ts";
import type { TenantHash } from "../../src/ports/tenant-hash.ts";
import type { Limits } from "./plan.ts";

export const hashes: TenantHash = {
  hash: (_, purpose, parts) => toDigest(JSON.stringify([purpose, parts])),
};

/** Unsealed: nothing here is a secret. */
export const openings: Openings = {
  seal: async (_, value) => Buffer.from(JSON.stringify(value)),
  open: async (_, sealed) => JSON.parse(Buffer.from(sealed).toString()) as Json,
};

const pin = toDigest("pin");
const names = ["t__read", "t__write", "t__ask", "t__fails", "t__errs", "agents__child"] as const;
const tools = names.map((exposed) => {
  const [server, tool] = exposed.split("__") as [string, string];
  const effect = exposed === "t__read" ? ("read" as const) : ("write" as const);
  return { exposed, server, tool, pin, effect };
});

export const noLimits: Limits = { calls: null, micros: null, maxSteps: 50, deadlineMs: null };

export function toBuilt(
  { calls, micros, maxSteps, deadlineMs }: Limits = noLimits,
  more: Partial<Bundle> = {},
): BuiltBundle {
  const bundle: Bundle = {
    v: 1,
    agent: "parent",
    description: "",
    instructions: "Do.",
    toolset: "",
    tools,
    model: {
      alias: "m",
      maxTokens: 100,
      temperature: null,
      stop: [],
      route: [],
    },
    servers: [],
    skills: [],
    memory: null,
    waits: true,
    compensations: {},
    policy: {
      digest: pin,
      rule: "allow-all",
      rules: [],
    },
    limits: {
      caps: {
        micros,
        tokens: null,
        calls,
      },
      maxSteps,
      deadlineMs,
    },
    ...more,
  };
  const rules = null as unknown as BuiltBundle["rules"];
  return { digest: toDigest("bundle"), bundle, rules };
}

export const catalog = {
  toolsets: new Map([
    [
      "",
      {
        tools: new Map(
          tools.map(({ exposed, effect }) => [
            exposed,
            {
              exposed,
              effect,
              pin,
              description: "",
              text: '{"inputSchema":{"type":"object"}}',
              config: {},
            } as CatalogTool,
          ]),
        ),
      },
    ],
  ]),
  digest: "" as Digest,
  servers: new Map(),
} as unknown as Catalog;
