import { listImports, packageOf, type Import } from "./imports.ts";
import { isTest, placeOf, walk, type Finding, type Source } from "./source.ts";

interface Rule {
  /** What lies there, in a line. */
  readonly holds: string;
  /** Folders of src, besides the file's own. */
  readonly folders: readonly string[];
  readonly packages: readonly string[];
  /** Parts that do no input or output may use Node's pure modules only. */
  readonly builtins: "none" | "pure" | "all";
}

const words = ["model", "lib"];
const parts = ["model", "policy", "ports", "ledger", "mcp", "lib"];
export const everyPart = [
  ...parts,
  "registry",
  "authority",
  "gate",
  "sandbox",
  "run",
  "memory",
  "rollout",
  "sight",
];

/** Which folder may import which, packages included: the table of ARCHITECTURE.md. */
export const direction: Readonly<Record<string, Rule>> = {
  lib: {
    holds: "generic helpers without a word of the domain",
    folders: [],
    packages: [],
    builtins: "none",
  },
  model: {
    holds: "the nouns as values: schemas, digests, state tables, pure transitions",
    folders: ["lib"],
    packages: ["zod"],
    builtins: "pure",
  },
  policy: {
    holds: "intent to decision, compiled and pure",
    folders: words,
    packages: ["zod", "@cedar-policy/cedar-wasm", "libpg-query"],
    builtins: "pure",
  },
  ports: {
    holds: "interfaces to the outside, each with its in-memory twin",
    folders: words,
    packages: [],
    builtins: "pure",
  },
  ledger: {
    holds: "entries, Merkle tree, checkpoints, offline verification",
    folders: ["ports", ...words],
    packages: [],
    builtins: "pure",
  },
  mcp: {
    holds: "the protocol as pure code",
    folders: ["ports", ...words],
    packages: ["zod", "eventsource-parser"],
    builtins: "pure",
  },
  registry: {
    holds: "servers, definitions, pins, drift",
    folders: parts,
    packages: ["ajv", "ajv-formats"],
    builtins: "pure",
  },
  authority: {
    holds: "keys, approvals, credentials, limits, freezes",
    folders: parts,
    packages: [],
    builtins: "pure",
  },
  gate: {
    holds: "the hot path, one file a stage",
    folders: parts,
    packages: [],
    builtins: "pure",
  },
  sandbox: {
    holds: "trust to tier, pools, egress rules",
    folders: parts,
    packages: [],
    builtins: "pure",
  },
  run: {
    holds: "durable runs: fold, advance, budgets, waits",
    folders: parts,
    packages: [],
    builtins: "pure",
  },
  memory: {
    holds: "what agents keep between runs: its embedding, its tools, its freshness",
    folders: parts,
    packages: [],
    builtins: "pure",
  },
  rollout: {
    holds: "bundles, suites, phases, triggers",
    folders: parts,
    packages: [],
    builtins: "pure",
  },
  sight: {
    holds: "projections of the log: traces, metrics, alerts",
    folders: parts,
    packages: [],
    builtins: "pure",
  },
  api: {
    holds: "HTTP: parse, call, render",
    folders: everyPart,
    packages: ["hono", "@hono/node-server", "zod"],
    builtins: "all",
  },
  client: {
    holds: "the typed client of the API, and the bridge from standard streams",
    folders: ["mcp", ...words],
    packages: [],
    builtins: "pure",
  },
  cli: {
    holds: "arguments and printing, over the client; what is verified offline",
    folders: ["client", "ledger", ...words],
    packages: ["@stricli/core", "@clack/prompts"],
    builtins: "pure",
  },
  main: {
    holds: "composition root; the only reader of the environment",
    folders: [...everyPart, "api", "client", "cli", "adapters"],
    packages: ["zod", "@stricli/core", "@hono/node-server"],
    builtins: "all",
  },
};

/** Each adapter may use the ports, its own library and zod to parse, and never another adapter. */
const adapterFolders = ["ports", "model", "mcp", "lib"];
export const adapterPackages: Readonly<Record<string, readonly string[]>> = {
  postgres: ["pg", "kysely"],
  "embedded-postgres": ["pg"],
  "pg-boss": ["pg-boss", "pg"],
  prometheus: ["prom-client"],
  yaml: ["yaml"],
  dialer: ["undici"],
  oidc: ["jose"],
  oauth: ["oauth4webapi"],
  webauthn: ["@simplewebauthn/server"],
  openai: [],
  anthropic: [],
  "model-http": [],
  otel: [],
  scripted: [],
  "mcp-http": [],
  "mcp-sse": [],
  "mcp-stdio": [],
  egress: [],
  sandboxes: ["quickjs-wasi"],
  secrets: [],
  system: [],
};

const impure: ReadonlySet<string> = new Set(
  [
    "child_process",
    "cluster",
    "dgram",
    "dns",
    "fs",
    "http",
    "http2",
    "https",
    "net",
    "readline",
    "repl",
  ]
    .concat(["sqlite", "timers", "tls", "tty", "vm", "worker_threads", "process", "perf_hooks"])
    .map((name) => `node:${name}`),
);

/** Where a file lies: its folder under src, and for an adapter which one. */
function homeOf(file: string): { folder: string; adapter: string | null } {
  const [, folder = "", adapter = ""] = file.split("/");
  return { folder, adapter: folder === "adapters" ? adapter : null };
}

export function findWrongDirections(sources: readonly Source[]): readonly Finding[] {
  return sources
    .filter((source) => source.path.startsWith("src/") && !isTest(source.path))
    .flatMap((source) => {
      const complaints = listImports(source).map((found) => ({
        found,
        why: judge(source.path, found),
      }));
      return complaints.flatMap(({ found, why }) =>
        why === null ? [] : [{ place: found.place, message: `${found.specifier}: ${why}` }],
      );
    });
}

function judge(file: string, found: Import): string | null {
  const home = homeOf(file);
  const rule = ruleOf(home);
  if (rule === null) return `${home.folder}/${home.adapter ?? ""} is not in the direction table`;
  if (found.target !== null) return judgeFile(home, rule, found.target);
  if (found.specifier.startsWith("node:")) return judgeBuiltin(rule, found.specifier, home.folder);
  return rule.packages.includes(packageOf(found.specifier))
    ? null
    : `${home.adapter ?? home.folder} may not import this package`;
}

function ruleOf({ folder, adapter }: ReturnType<typeof homeOf>): Rule | null {
  if (adapter === null) return direction[folder] ?? null;
  const packages = adapterPackages[adapter];
  if (packages === undefined) return null;
  const allowed = ["zod", ...packages];
  return { holds: adapter, folders: adapterFolders, packages: allowed, builtins: "all" };
}

function judgeFile(home: ReturnType<typeof homeOf>, rule: Rule, target: string): string | null {
  if (!target.startsWith("src/")) return "the product imports only from src";
  if (isTest(target)) return "a test is imported by nobody";
  const there = homeOf(target);
  if (there.folder === home.folder) {
    return there.adapter === home.adapter ? null : "an adapter never imports another";
  }
  return rule.folders.includes(there.folder)
    ? null
    : `${home.folder} may not import ${there.folder}`;
}

function judgeBuiltin(rule: Rule, specifier: string, folder: string): string | null {
  if (rule.builtins === "none") return `${folder} imports nothing`;
  const module = specifier.split("/").slice(0, 1).join("/");
  return rule.builtins === "pure" && impure.has(module)
    ? `${folder} does no input or output`
    : null;
}

/** One barrel is a front door; more of them are a way round the table. */
export function findBarrels(sources: readonly Source[]): readonly Finding[] {
  return sources
    .filter((source) => source.path !== "src/model/index.ts")
    .flatMap((source) => {
      const nodes = [...walk(source.program)].filter(
        (node) => node.type === "ExportAllDeclaration",
      );
      return nodes.map((node) => ({
        place: placeOf(source, node),
        message: "only src/model/index.ts is a barrel",
      }));
    });
}
