import { z } from "zod";
import { toCanonicalHost } from "./canonical-host.ts";
import { toDigest, type Digest } from "./digest.ts";
import { isHostPattern } from "./host-list.ts";
import { toCanonicalText } from "./canonical.ts";

/** How strongly a program is kept from the host: each more than the one before it. */
export const tiers = ["T0", "T1", "T2", "T3"] as const;
export type Tier = (typeof tiers)[number];

export function isAsStrong(tier: Tier, as: Tier): boolean {
  return tiers.indexOf(tier) >= tiers.indexOf(as);
}

/** What a program in a sandbox may use at most. */
export interface SandboxLimits {
  readonly memoryBytes: number;
  /** Threads are counted, too: an idle Node has about a dozen. */
  readonly processes: number;
  /** Thousandths of a processor. */
  readonly cpuMillis: number;
  /** Of files that it writes outside what it was given. */
  readonly scratchBytes: number;
  readonly openFiles: number;
}
export type LimitName = keyof SandboxLimits;

/** What holds a limit on this machine: `engine` is the interpreter itself; `none`: nothing does. */
export type Enforcer =
  | "cgroup v2"
  | "cgroup v1"
  | "rlimit"
  | "mount"
  | "machine"
  | "engine"
  | "none";
export type Enforcement = Readonly<Record<LimitName, Enforcer>>;

/** What a receipt says of where a call was carried out. */
export interface SandboxStamp {
  readonly tier: Tier | "none";
  /** Which driver; null: the program has the powers of the user that runs Countersign. */
  readonly driver: string | null;
  /** Of what the canary of that driver showed when it was tried. */
  readonly evidence: Digest | null;
  /** Of the limits, with what enforces each. */
  readonly limits: Digest | null;
  /** Whether policy wants a stronger tier, and configuration lets this tool run here all the same. */
  readonly downgraded: boolean;
  /** What its program has tried to reach since it was started; null: it can reach nothing. */
  readonly egress: {
    readonly attempts: number;
    readonly refused: number;
    readonly digest: Digest;
  } | null;
  /** Of a program that was run for this very call, and has ended; null: it did not end by itself. */
  readonly exit?: number | null;
  /** What that program used; null: this machine does not count it. */
  readonly usage?: { readonly memoryPeakBytes: number | null; readonly cpuUs: number | null };
}

export const bareStamp: SandboxStamp = {
  tier: "none",
  driver: null,
  evidence: null,
  limits: null,
  downgraded: false,
  egress: null,
};

export function toLimitsDigest(limits: SandboxLimits, enforcement: Enforcement): Digest {
  return toDigest(toCanonicalText({ limits: { ...limits }, enforcement: { ...enforcement } }));
}

/**
 * One place that a sandbox may reach: `api.example.com:443` with TLS, `http://api.example.com:80` in
 * plain text, and with methods before it those alone: `GET,HEAD http://*.example.com:80`.
 */
export interface EgressRule {
  /** In lower case; `*.` before it: every name under it, and not itself. */
  readonly host: string;
  readonly port: number;
  /** What is spoken there. With TLS nothing but the name is looked at. */
  readonly protocol: "tls" | "http";
  /** Null: all of them. Never said with TLS. */
  readonly methods: readonly string[] | null;
}

const ruleShape = /^(?:(?:([A-Z]{1,16}(?:,[A-Z]{1,16}){0,15}) )?(http:\/\/))?([^:/]+):(\d{1,5})$/;

/** Null: it is none. A name, never an address: what it stands for is looked up and judged by the gate. */
export function parseEgressRule(text: string): EgressRule | null {
  const [, methods, scheme, host = "", digits] = ruleShape.exec(text) ?? [];
  const port = Number(digits);
  const isName = isHostPattern(host) && toCanonicalHost(host.replace("*.", "")).kind === "name";
  if (!isName || port < 1 || port > 65_535) return null;
  return {
    host,
    port,
    protocol: scheme === undefined ? "tls" : "http",
    methods: methods?.split(",") ?? null,
  };
}

export const egressRuleSchema = z
  .string()
  .max(512)
  .refine(
    (text) => parseEgressRule(text) !== null,
    "takes a host name and a port, such as api.example.com:443, or http://api.example.com:80 for plain text",
  )
  .meta({ title: "host and port" });
