// Written by src/api/client-source.ts from the contract. Change the contract instead.
import type { Received, Send } from "./send.ts";

export type Health = { readonly status: "live" };

export type Readiness = {
  readonly status: "ready" | "not ready";
  readonly checks: readonly {
    readonly name: string;
    readonly ready: boolean;
    readonly reason: string | null;
  }[];
};

export type Holder = {
  readonly name: string;
  readonly roles: readonly ("admin" | "approver" | "caller" | "viewer" | "operator" | "auditor")[];
  readonly tenant: string | null;
};

export type Version = {
  readonly version: string;
  readonly node: string;
  readonly revision: string;
};

export type Revision = {
  readonly digest: string;
  readonly appliedAt: string;
  readonly document: unknown;
};

export type Change = {
  readonly kind: "added" | "removed" | "changed";
  readonly key: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly restart: boolean;
};

export type ConfigPlan = {
  readonly digest: string;
  readonly base: string;
  readonly changes: readonly Change[];
  readonly rules: readonly {
    readonly kind: "added" | "removed" | "changed";
    readonly rule: string;
    readonly source: string;
  }[];
};

export type ConfigApplied = { readonly kind: "applied" | "unchanged"; readonly digest: string };

export type Server = {
  readonly name: string;
  readonly transport: "http" | "sse" | "stdio" | "workbench" | "internal";
  readonly state: "connecting" | "ready" | "down";
  readonly reason: string | null;
  readonly version: string | null;
  readonly listedAt: string | null;
  readonly tools: number;
  readonly blocked: number;
  readonly drifts: number;
  readonly worst?: "cosmetic" | "widening" | "breaking" | "dangerous" | null;
  readonly sandbox?: string | null;
  readonly seen?: {
    readonly breaker: "closed" | "open" | "probing";
    readonly ejected: number;
    readonly recent: {
      readonly windowMs: number;
      readonly calls: number;
      readonly denied: number;
      readonly errors: number;
      readonly p50Ms: number | null;
      readonly p95Ms: number | null;
      readonly p99Ms: number | null;
    } | null;
  };
};

export type Servers = { readonly servers: readonly Server[] };

export type ServerFacts = {
  readonly server: Server;
  readonly serverVersion: string | null;
  readonly instructions: string | null;
  readonly capabilities: readonly string[];
  readonly seen: {
    readonly breaker: {
      readonly state: "closed" | "open" | "probing";
      readonly faults: number;
      readonly opened: { readonly at: string; readonly fault: string | null } | null;
      readonly coolingMs: number;
    };
    readonly endpoints: readonly {
      readonly endpoint: string;
      readonly outstanding: number;
      readonly faults: number;
      readonly ejectedMs: number;
    }[];
  } | null;
  readonly tools: readonly {
    readonly name: string;
    readonly server: string;
    readonly title: string | null;
    readonly description: string;
    readonly effect: "read" | "write" | "destructive";
    readonly pin: string;
    readonly blocked: readonly string[] | null;
    readonly ownName: string;
    readonly idempotent: boolean;
    readonly outward: boolean;
    readonly breaker: {
      readonly state: "closed" | "open" | "probing";
      readonly faults: number;
      readonly opened: { readonly at: string; readonly fault: string | null } | null;
      readonly coolingMs: number;
    } | null;
    readonly recent: {
      readonly windowMs: number;
      readonly calls: number;
      readonly denied: number;
      readonly errors: number;
      readonly p50Ms: number | null;
      readonly p95Ms: number | null;
      readonly p99Ms: number | null;
    } | null;
  }[];
};

export type Tool = {
  readonly name: string;
  readonly server: string;
  readonly title: string | null;
  readonly description: string;
  readonly effect: "read" | "write" | "destructive";
  readonly pin: string;
  readonly blocked: readonly string[] | null;
};

export type Tools = { readonly tools: readonly Tool[] };

export type ToolDefinition = {
  readonly name: string;
  readonly pin: string;
  readonly definition: Readonly<Record<string, unknown>>;
};

export type Drift = {
  readonly server: string;
  readonly tool: string;
  readonly grade: "cosmetic" | "widening" | "breaking" | "dangerous";
  readonly reasons: readonly string[];
  readonly pinned: string | null;
  readonly observed: string | null;
  readonly before: string | null;
  readonly after: string | null;
};

export type Drifts = { readonly drifts: readonly Drift[] };

export type DriftAccepted = {
  readonly server: string;
  readonly tool: string;
  readonly pin: string | null;
};

export type Secret = {
  readonly name: string;
  readonly subject: string | null;
  readonly version: number;
  readonly hosts: readonly string[];
  readonly writtenAt: string;
};

export type Secrets = {
  readonly secrets: readonly {
    readonly name: string;
    readonly subject: string | null;
    readonly version: number;
    readonly hosts: readonly string[];
    readonly writtenAt: string;
  }[];
  readonly next: string | null;
};

export type Freezes = {
  readonly freezes: readonly {
    readonly kind: "agent" | "tool" | "server" | "tenant" | "all";
    readonly name: string;
    readonly reason: string;
    readonly by: string;
    readonly at: string;
    readonly lifted: { readonly by: string; readonly at: string } | null;
  }[];
};

export type FreezeChange = {
  readonly kind: "agent" | "tool" | "server" | "tenant" | "all";
  readonly name: string;
  readonly changed: boolean;
  readonly known: boolean;
  readonly meant: string | null;
};

export type SecretRemoved = { readonly name: string; readonly subject: string | null };

export type Lint = {
  readonly findings: readonly {
    readonly tool: string;
    readonly rule: string;
    readonly message: string;
  }[];
};

export type Called = {
  readonly outcome:
    | "answered"
    | "tool_error"
    | "refused"
    | "asks"
    | "denied"
    | "expired"
    | "consumed"
    | "voided"
    | "withdrawn"
    | "changed"
    | "missing"
    | "mismatch"
    | "pending"
    | "unknown"
    | "done_before"
    | "withheld"
    | "consent";
  readonly result: unknown;
  readonly entry?: string | null;
};

export type Approval = {
  readonly id: string;
  readonly digest: string;
  readonly url: string;
  readonly state: "pending" | "approved" | "denied" | "expired" | "consumed" | "voided";
  readonly server: string;
  readonly tool: string | null;
  readonly method: string;
  readonly target: string;
  readonly toolset: string;
  readonly effect: "read" | "write" | "destructive";
  readonly outward: boolean;
  readonly labels: readonly string[];
  readonly description: string | null;
  readonly rules: readonly { readonly rule: string; readonly text: string }[];
  readonly approvers: readonly {
    readonly who: string;
    readonly quorum: number;
    readonly passkey: boolean;
    readonly have: number;
  }[];
  readonly requester: {
    readonly kind: string;
    readonly subject: string;
    readonly agent: string | null;
  };
  readonly claim: string | null;
  readonly args: unknown;
  readonly facts: readonly { readonly key: string; readonly value: string | null }[];
  readonly lastApproved: {
    readonly id: string;
    readonly at: string;
    readonly args: unknown;
  } | null;
  readonly reach: {
    readonly transport: string;
    readonly hosts: readonly string[];
    readonly credential: string | null;
  } | null;
  readonly verdicts: readonly {
    readonly word: "approved" | "denied";
    readonly approver: string | null;
    readonly reason: string | null;
    readonly at: string;
    readonly passkey: boolean;
  }[];
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly holds: boolean;
  readonly erased: boolean;
};

export type Approvals = { readonly approvals: readonly Approval[]; readonly seen: string };

export type ApprovalSigning = { readonly options: Readonly<Record<string, unknown>> };

export type ApprovalDecided = {
  readonly id: string;
  readonly state: "pending" | "approved" | "denied" | "expired" | "consumed" | "voided";
};

export type Calls = {
  readonly calls: readonly {
    readonly id: string;
    readonly server: string;
    readonly tool: string | null;
    readonly state: "open" | "unknown";
    readonly intent: string;
    readonly subject: string;
    readonly approval: string | null;
    readonly at: string;
    readonly notAfter: string;
    readonly outcome: string | null;
  }[];
  readonly next: string | null;
};

export type CallResolved = { readonly id: string; readonly outcome: "done" | "not_done" | "retry" };

export type PrivacyErased = {
  readonly subject: string;
  readonly approvals: number;
  readonly calls: number;
  readonly verdicts: number;
  readonly workspaces: number;
  readonly memories: number;
  readonly runs: number;
  readonly runsLeft: number;
};

export type Credentials = {
  readonly credentials: readonly {
    readonly server: string;
    readonly subject: string;
    readonly hosts: readonly string[];
    readonly writtenAt: string;
  }[];
  readonly next: string | null;
};

export type CredentialRevoked = {
  readonly server: string;
  readonly removed: boolean;
  readonly revoked: boolean;
};

export type ConsentRedirect = { readonly url: string };

export type ConsentGranted = { readonly server: string };

export type PolicyCheck = {
  readonly ok: boolean;
  readonly rules: number;
  readonly problems: readonly {
    readonly line: number;
    readonly column: number;
    readonly key: string;
    readonly message: string;
    readonly suggestion: string | null;
  }[];
  readonly warnings: readonly {
    readonly line: number;
    readonly column: number;
    readonly key: string;
    readonly message: string;
    readonly suggestion: string | null;
  }[];
};

export type PolicyTest = {
  readonly passed: number;
  readonly failed: number;
  readonly wrong: number;
  readonly cases: readonly {
    readonly name: string;
    readonly line: number;
    readonly outcome: "passed" | "failed" | "wrong";
    readonly expected: "allow" | "deny" | "ask";
    readonly came: {
      readonly decision: "allow" | "deny" | "ask";
      readonly rules: readonly string[];
      readonly approvers: readonly string[];
      readonly obligations: readonly string[];
    } | null;
    readonly problems: readonly string[];
  }[];
};

export type PolicyExplanation = {
  readonly decision: {
    readonly kind: "allow" | "deny" | "ask";
    readonly policy: string;
    readonly reasons: readonly {
      readonly rule: string;
      readonly text: string;
      readonly remedy: string | null;
    }[];
    readonly obligations: readonly unknown[];
    readonly approvers: readonly {
      readonly who: string;
      readonly quorum: number;
      readonly passkey: boolean;
    }[];
  };
  readonly target: {
    readonly kind: "Tool" | "Prompt" | "Resource";
    readonly id: string;
    readonly action: string;
    readonly server: string;
    readonly effect: "read" | "write" | "destructive";
    readonly outward: boolean;
  };
  readonly slice: string;
  readonly rules: readonly {
    readonly id: string;
    readonly source: string;
    readonly line: number;
    readonly effect: "permit" | "forbid";
    readonly gives: "approval" | "obligation" | null;
    readonly reads: readonly string[];
    readonly applied: readonly {
      readonly as: "subject" | "agent";
      readonly first: "yes" | "no" | "error";
      readonly second: "yes" | "no" | "error" | null;
    }[];
  }[];
  readonly context: Readonly<Record<string, unknown>> | null;
  readonly kept: boolean;
  readonly keptWhy: string;
};

export type BlastRadius = {
  readonly summary: string;
  readonly tools: readonly {
    readonly tool: string;
    readonly server: string;
    readonly decision: "allow" | "deny" | "ask" | "depends";
    readonly possible: readonly ("allow" | "deny" | "ask")[];
    readonly on: readonly string[];
    readonly rules: readonly string[];
    readonly effect: "read" | "write" | "destructive";
    readonly outward: boolean;
    readonly credentials: readonly string[];
    readonly limits: {
      readonly timeoutMs: number;
      readonly concurrency: number;
      readonly callsPerMinute: number | null;
    };
  }[];
  readonly unseen: readonly string[];
};

export type Passkey = {
  readonly id: string;
  readonly approver: string;
  readonly algorithm: "ES256" | "EdDSA" | "RS256";
  readonly addedAt: string;
  readonly addedBy: string;
  readonly usedAt: string | null;
};

export type Passkeys = { readonly passkeys: readonly Passkey[]; readonly next: string | null };

export type PasskeyInvitation = {
  readonly approver: string;
  readonly code: string;
  readonly expiresAt: string;
  readonly url: string;
};

export type PasskeyRegistration = {
  readonly ticket: string;
  readonly origin: string;
  readonly create: Readonly<Record<string, unknown>>;
  readonly confirm: Readonly<Record<string, unknown>> | null;
  readonly expiresAt: string;
};

export type PasskeyRemoval = {
  readonly ticket: string;
  readonly origin: string;
  readonly confirm: Readonly<Record<string, unknown>>;
  readonly expiresAt: string;
};

export type PasskeyRemoved = { readonly id: string };

export type LedgerState = {
  readonly state: "empty" | "sound" | "behind" | "forked";
  readonly reason: string | null;
  readonly origin: string | null;
  readonly size: number;
  readonly checkpoint: string | null;
  readonly keys: readonly string[];
  readonly waiting: number;
  readonly epochs: readonly {
    readonly origin: string;
    readonly epoch: number;
    readonly size: number;
    readonly open: boolean;
    readonly checkpoint: string | null;
  }[];
};

export type LedgerConsistency = {
  readonly origin: string;
  readonly from: number;
  readonly to: number;
  readonly proof: readonly string[];
};

export type LedgerEntries = {
  readonly origin: string;
  readonly epoch: number;
  readonly size: number;
  readonly tiles: readonly {
    readonly index: number;
    readonly hashes: string;
    readonly entries: readonly { readonly id: string; readonly bytes: string }[];
  }[];
};

export type LedgerReopened = { readonly origin: string; readonly gap: string };

export type Receipts = {
  readonly receipts: readonly {
    readonly id: string;
    readonly kind: string;
    readonly server: string | null;
    readonly tool: string | null;
    readonly outcome: string | null;
    readonly at: string;
    readonly index: number | null;
  }[];
  readonly next: string | null;
};

export type Receipt = {
  readonly v: 1;
  readonly entries: readonly {
    readonly bytes: string;
    readonly index: number;
    readonly path: readonly string[];
  }[];
  readonly checkpoint: string;
  readonly openings: readonly {
    readonly of: "intent" | "args" | "result" | "verdict";
    readonly commitment: string;
    readonly salt?: string;
    readonly value: unknown;
  }[];
};

export type Model = {
  readonly id: string;
  readonly object: "model";
  readonly created: number;
  readonly owned_by: string;
};

export type Models = {
  readonly object: "list";
  readonly data: readonly Model[];
  readonly models?: readonly {
    readonly alias: string;
    readonly groups: readonly (readonly {
      readonly backend: string;
      readonly weight: number;
      readonly model: string | null;
    }[])[];
  }[];
  readonly backends?: readonly {
    readonly name: string;
    readonly kind: "openai" | "anthropic" | "scripted";
    readonly model: string;
    readonly host: string;
    readonly breaker: "closed" | "open" | "probing";
    readonly active: number;
    readonly waiting: number;
    readonly resting: boolean;
    readonly priced: boolean;
    readonly firstTokenMs: number | null;
    readonly tokensPerSecond: number | null;
    readonly lastFault: string | null;
  }[];
  readonly prices?: string;
};

export type ModelsLooked = {
  readonly backends: readonly {
    readonly name: string;
    readonly answers: boolean;
    readonly problem: string | null;
    readonly tookMs: number;
  }[];
};

export type ModelTried = {
  readonly backend: string;
  readonly model: string;
  readonly attempts: number;
  readonly text: string;
  readonly stop: "ended" | "tool_calls" | "length" | "refused" | "other";
  readonly usage: {
    readonly input: number | null;
    readonly cached: number | null;
    readonly written: number | null;
    readonly output: number | null;
    readonly reasoning: number | null;
  };
  readonly firstTokenMs: number;
  readonly tokensPerSecond: number | null;
  readonly cost: string | null;
  readonly prices: string;
};

export type Sandboxes = {
  readonly sandboxes: readonly {
    readonly tier: "T0" | "T1" | "T2" | "T3";
    readonly driver: string;
    readonly usable: boolean;
    readonly reason: string | null;
    readonly fix: string | null;
    readonly evidence: readonly string[];
    readonly digest: string | null;
    readonly limits: {
      readonly memoryBytes:
        | "cgroup v2"
        | "cgroup v1"
        | "rlimit"
        | "mount"
        | "machine"
        | "engine"
        | "none";
      readonly processes:
        | "cgroup v2"
        | "cgroup v1"
        | "rlimit"
        | "mount"
        | "machine"
        | "engine"
        | "none";
      readonly cpuMillis:
        | "cgroup v2"
        | "cgroup v1"
        | "rlimit"
        | "mount"
        | "machine"
        | "engine"
        | "none";
      readonly scratchBytes:
        | "cgroup v2"
        | "cgroup v1"
        | "rlimit"
        | "mount"
        | "machine"
        | "engine"
        | "none";
      readonly openFiles:
        | "cgroup v2"
        | "cgroup v1"
        | "rlimit"
        | "mount"
        | "machine"
        | "engine"
        | "none";
    } | null;
    readonly traits: {
      readonly isolation: string;
      readonly kernel: string;
      readonly startMs: number;
      readonly volume: "high" | "medium" | "low";
      readonly untrustedCode: boolean;
    };
  }[];
};

export type Run = {
  readonly id: string;
  readonly agent: string;
  readonly bundle: string;
  readonly subject: string;
  readonly state:
    | "queued"
    | "running"
    | "waiting"
    | "paused"
    | "stopped"
    | "partial"
    | "parked"
    | "completed"
    | "failed"
    | "cancelled";
  readonly head: number;
  readonly parent: string | null;
  readonly createdAt: string;
  readonly deadline: string | null;
  readonly steps: number;
  readonly maxSteps: number;
  readonly budget: {
    readonly caps: {
      readonly money: string | null;
      readonly tokens: number | null;
      readonly calls: number | null;
    };
    readonly spent: { readonly money: string; readonly tokens: number; readonly calls: number };
    readonly held: { readonly money: string; readonly tokens: number; readonly calls: number };
  };
  readonly waits: readonly {
    readonly kind: "approval" | "run" | "timer" | "credential" | "signal";
    readonly until: string | null;
    readonly run: string | null;
    readonly tool: string | null;
    readonly approval: string | null;
    readonly digest: string | null;
    readonly url: string | null;
  }[];
  readonly reason: { readonly code: string; readonly detail: string } | null;
  readonly output: string | null;
  readonly quality: {
    readonly calls: number;
    readonly wellFormed: number;
    readonly repeated: number;
    readonly results: number;
    readonly judged: number;
    readonly unused: number;
    readonly factsRead: number;
    readonly staleFacts: number;
    readonly staleEffects: number;
    readonly contradictions: number;
    readonly compactions: number;
    readonly window: {
      readonly mean: {
        readonly instructions: number;
        readonly tools: number;
        readonly conversation: number;
        readonly sources: Readonly<Record<string, number>>;
      };
      readonly last: {
        readonly instructions: number;
        readonly tools: number;
        readonly conversation: number;
        readonly sources: Readonly<Record<string, number>>;
      };
      readonly largest: number;
    } | null;
    readonly sampled: boolean;
  } | null;
  readonly calls: readonly {
    readonly step: number;
    readonly ordinal: number;
    readonly tool: string;
    readonly effect:
      | "read"
      | "write"
      | "destructive"
      | "agent"
      | "wait"
      | "skill"
      | "find"
      | "refused";
    readonly state:
      | "planned"
      | "started"
      | "waiting"
      | "done"
      | "open"
      | "failed"
      | "denied"
      | "unknown";
  }[];
  readonly children: readonly string[];
};

export type Runs = {
  readonly runs: readonly {
    readonly id: string;
    readonly agent: string | null;
    readonly subject: string | null;
    readonly state:
      | "queued"
      | "running"
      | "waiting"
      | "paused"
      | "stopped"
      | "partial"
      | "parked"
      | "completed"
      | "failed"
      | "cancelled";
    readonly head: number;
    readonly parent: string | null;
    readonly createdAt: string | null;
    readonly endedAt: string | null;
    readonly steps: number | null;
    readonly spent: { readonly money: string; readonly tokens: number } | null;
    readonly why: string | null;
  }[];
  readonly next: string | null;
};

export type RunCounts = {
  readonly states: Readonly<Record<string, number>>;
  readonly most: number;
  readonly cut: boolean;
};

export type RunEvents = {
  readonly events: readonly {
    readonly seq: number;
    readonly event: { readonly v: number; readonly type: string; readonly atMs: number };
  }[];
  readonly next: number | null;
};

export type RunContent = { readonly digest: string; readonly text: string };

export type RunContext = {
  readonly id: string;
  readonly step: number;
  readonly at: string;
  readonly snapshot: string;
  readonly parent: string | null;
  readonly window: number | null;
  readonly share: number | null;
  readonly tokens: {
    readonly instructions: number;
    readonly skills: number;
    readonly tools: number;
    readonly conversation: number;
    readonly sources: Readonly<Record<string, number>>;
    readonly total: number;
  };
  readonly counted: { readonly backend: string; readonly input: number | null } | null;
  readonly parts: readonly {
    readonly kind: string;
    readonly step: number;
    readonly ordinal: number;
    readonly name: string | null;
    readonly digest: string;
    readonly tokens: number;
    readonly new: boolean;
  }[];
  readonly dropped: readonly {
    readonly kind: string;
    readonly step: number;
    readonly ordinal: number;
    readonly name: string | null;
    readonly why: string;
  }[];
  readonly summary: {
    readonly upTo: number;
    readonly text: string | null;
    readonly ledger: string | null;
  } | null;
};

export type RunTrace = {
  readonly id: string;
  readonly trace: string;
  readonly cut: boolean;
  readonly spans: readonly {
    readonly id: string;
    readonly parent: string | null;
    readonly run: string;
    readonly name: string;
    readonly kind: "internal" | "client";
    readonly start: string;
    readonly end: string | null;
    readonly error: boolean;
    readonly attributes: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  }[];
};

export type RunTold = {
  readonly id: string;
  readonly word: "cancel" | "pause" | "resume" | "compensate" | "signal";
};

export type RunResumed = {
  readonly id: string;
  readonly word: "cancel" | "pause" | "resume" | "compensate" | "signal";
  readonly stopped: readonly {
    readonly id: string;
    readonly code: string;
    readonly detail: string;
  }[];
};

export type RunForked = { readonly id: string; readonly of: string; readonly step: number };

export type Costs = {
  readonly from: string;
  readonly to: string;
  readonly since: string | null;
  readonly cut: boolean;
  readonly kept: string | null;
  readonly total: { readonly money: string; readonly tokens: number };
  readonly runs: { readonly money: string; readonly tokens: number };
  readonly unknown: number;
  readonly completed: number | null;
  readonly perCompleted: string | null;
  readonly days: readonly {
    readonly day: string;
    readonly money: string;
    readonly tokens: number;
  }[];
  readonly agents: readonly {
    readonly name: string | null;
    readonly money: string;
    readonly tokens: number;
  }[];
  readonly sources: readonly {
    readonly name: string | null;
    readonly money: string;
    readonly tokens: number;
    readonly kind: "model" | "tool";
  }[];
  readonly subjects: readonly {
    readonly name: string | null;
    readonly money: string;
    readonly tokens: number;
  }[];
  readonly dearest: readonly {
    readonly run: string;
    readonly agent: string | null;
    readonly money: string;
    readonly tokens: number;
  }[];
};

export type Budgets = {
  readonly budgets: readonly {
    readonly name: string;
    readonly kind: "money" | "calls";
    readonly each: "tenant" | "principal" | "agent" | "server" | "tool";
    readonly per: "minute" | "hour" | "day";
    readonly cap: string;
    readonly began: string;
    readonly ends: string;
    readonly shares: number;
    readonly fullest: readonly { readonly name: string | null; readonly used: string }[];
  }[];
};

export type RunExplanation = {
  readonly id: string;
  readonly trace: string;
  readonly head: number;
  readonly cut: boolean;
  readonly identity: {
    readonly at: string | null;
    readonly failure: {
      readonly class:
        | "none"
        | "caller"
        | "policy"
        | "budget"
        | "deadline"
        | "model"
        | "upstream"
        | "sandbox"
        | "engine"
        | "bug"
        | null;
      readonly code: string | null;
    };
    readonly unrecorded: readonly string[];
    readonly kind: "user" | "service";
    readonly subject: string;
    readonly roles: readonly string[];
    readonly agent: string;
    readonly bundle: string;
    readonly parent: {
      readonly run: string;
      readonly step: number;
      readonly ordinal: number;
    } | null;
    readonly root: string;
    readonly forkOf: { readonly run: string; readonly step: number } | null;
    readonly deadline: {
      readonly at: string;
      readonly leftAtStartMs: number;
      readonly leftMs: number;
      readonly moved: boolean;
    } | null;
  };
  readonly admission: {
    readonly at: string | null;
    readonly failure: {
      readonly class:
        | "none"
        | "caller"
        | "policy"
        | "budget"
        | "deadline"
        | "model"
        | "upstream"
        | "sandbox"
        | "engine"
        | "bug"
        | null;
      readonly code: string | null;
    };
    readonly unrecorded: readonly string[];
    readonly asked: string;
    readonly started: string | null;
    readonly queuedMs: number | null;
    readonly waits: readonly {
      readonly for: "approval" | "timer" | "signal" | "run" | "credential" | "resume";
      readonly from: string;
      readonly until: string | null;
      readonly limit: string | null;
    }[];
    readonly taken: number;
    readonly lost: readonly string[];
  };
  readonly state: {
    readonly at: string | null;
    readonly failure: {
      readonly class:
        | "none"
        | "caller"
        | "policy"
        | "budget"
        | "deadline"
        | "model"
        | "upstream"
        | "sandbox"
        | "engine"
        | "bug"
        | null;
      readonly code: string | null;
    };
    readonly unrecorded: readonly string[];
    readonly state:
      | "queued"
      | "running"
      | "waiting"
      | "paused"
      | "stopped"
      | "partial"
      | "parked"
      | "completed"
      | "failed"
      | "cancelled";
    readonly seq: number;
    readonly event: string;
    readonly by: string | null;
    readonly detail: string | null;
    readonly paused: number;
    readonly resumed: number;
    readonly stopped: number;
  };
  readonly execution: {
    readonly at: string | null;
    readonly failure: {
      readonly class:
        | "none"
        | "caller"
        | "policy"
        | "budget"
        | "deadline"
        | "model"
        | "upstream"
        | "sandbox"
        | "engine"
        | "bug"
        | null;
      readonly code: string | null;
    };
    readonly unrecorded: readonly string[];
    readonly from: string | null;
    readonly steps: number;
    readonly maxSteps: number;
    readonly model: {
      readonly asked: number;
      readonly answered: number;
      readonly compactions: number;
      readonly failed: readonly {
        readonly step: number;
        readonly at: string;
        readonly failure: {
          readonly class:
            | "none"
            | "caller"
            | "policy"
            | "budget"
            | "deadline"
            | "model"
            | "upstream"
            | "sandbox"
            | "engine"
            | "bug"
            | null;
          readonly code: string | null;
        };
      }[];
    };
    readonly calls: Readonly<Record<string, number>>;
    readonly children: Readonly<Record<string, number>>;
    readonly slowest: readonly {
      readonly what: "model" | "call";
      readonly step: number;
      readonly ordinal: number | null;
      readonly name: string;
      readonly at: string;
      readonly ms: number;
    }[];
    readonly denials: readonly {
      readonly step: number;
      readonly ordinal: number;
      readonly tool: string;
      readonly at: string;
      readonly rule: string | null;
    }[];
    readonly asks: readonly {
      readonly step: number;
      readonly ordinal: number;
      readonly tool: string;
      readonly at: string;
      readonly approval: string | null;
      readonly decided: string | null;
      readonly outcome: "approved" | "denied" | "expired" | "voided" | null;
    }[];
    readonly unknown: readonly {
      readonly step: number;
      readonly ordinal: number;
      readonly tool: string;
      readonly entry: string | null;
    }[];
    readonly open: readonly {
      readonly step: number;
      readonly ordinal: number;
      readonly tool: string;
    }[];
    readonly budget: {
      readonly caps: {
        readonly money: string | null;
        readonly tokens: number | null;
        readonly calls: number | null;
      };
      readonly spent: { readonly money: string; readonly tokens: number; readonly calls: number };
      readonly held: { readonly money: string; readonly tokens: number; readonly calls: number };
    };
  };
  readonly delivery: {
    readonly at: string | null;
    readonly failure: {
      readonly class:
        | "none"
        | "caller"
        | "policy"
        | "budget"
        | "deadline"
        | "model"
        | "upstream"
        | "sandbox"
        | "engine"
        | "bug"
        | null;
      readonly code: string | null;
    };
    readonly unrecorded: readonly string[];
    readonly ready: { readonly at: string; readonly seq: number; readonly output: string } | null;
    readonly announced: readonly {
      readonly id: string;
      readonly type: "run.ended" | "run.stopped";
      readonly at: string;
    }[];
  };
};

export type Bundle = {
  readonly digest: string;
  readonly bundle: {
    readonly v: 1;
    readonly agent: string;
    readonly description: string;
    readonly model: {
      readonly alias: string;
      readonly maxTokens: number;
      readonly temperature: number | null;
      readonly stop: readonly string[];
      readonly route: readonly (readonly Readonly<Record<string, unknown>>[])[];
    };
    readonly instructions: string;
    readonly context?: {
      readonly window: number;
      readonly toolTokens: number;
      readonly compaction: {
        readonly at: number;
        readonly keepTurns: number;
        readonly model: string | null;
        readonly maxTokens: number;
        readonly prompt: string;
      };
      readonly sources: readonly Readonly<Record<string, unknown>>[];
    };
    readonly toolset: string;
    readonly tools: readonly {
      readonly exposed: string;
      readonly server: string;
      readonly tool: string;
      readonly pin: string;
      readonly effect: "read" | "write" | "destructive";
      readonly facts?: readonly {
        readonly key: string;
        readonly each?: string;
        readonly value?: string;
        readonly fresh: number;
      }[];
      readonly needs?: readonly {
        readonly fact: string;
        readonly same?: string;
        readonly fresh?: number;
      }[];
      readonly changes?: readonly string[];
    }[];
    readonly servers: readonly {
      readonly name: string;
      readonly version: string | null;
      readonly source: string;
      readonly isolation: string;
      readonly sandbox: {
        readonly files: readonly { readonly path: string; readonly write: boolean }[];
        readonly egress: readonly string[];
        readonly egressPrivate: boolean;
        readonly limits: Readonly<Record<string, number>>;
      } | null;
    }[];
    readonly skills: readonly {
      readonly name: string;
      readonly description: string;
      readonly digest: string;
      readonly wishes: readonly string[];
      readonly files: readonly {
        readonly path: string;
        readonly digest: string;
        readonly size: number;
      }[];
    }[];
    readonly memory: Readonly<Record<string, unknown>> | null;
    readonly policy: {
      readonly digest: string;
      readonly rule: "deny-all" | "allow-all";
      readonly rules: readonly { readonly name: string; readonly text: string }[];
    };
    readonly waits: boolean;
    readonly compensations: Readonly<
      Record<string, { readonly tool: string; readonly args: Readonly<Record<string, string>> }>
    >;
    readonly limits: {
      readonly caps: {
        readonly micros: number | null;
        readonly tokens: number | null;
        readonly calls: number | null;
      };
      readonly maxSteps: number;
      readonly deadlineMs: number | null;
    };
  };
};

export type Bundles = {
  readonly bundles: readonly {
    readonly agent: string;
    readonly description: string;
    readonly digest: string | null;
    readonly problem: string | null;
  }[];
};

export type BundleDiff = {
  readonly from: string;
  readonly to: string;
  readonly changes: readonly { readonly component: string; readonly text: string }[];
};

const operations = {
  /** Whether the process lives. Says nothing about what it depends on. */
  getHealth: async (send: Send) =>
    as<{ readonly status: 200; readonly body: Health; readonly etag: string | null }>(
      await send({ method: "GET", path: "/health", expects: [200] }),
    ),

  /** Whether requests may be sent here, and what is missing if not. */
  getReady: async (send: Send) =>
    as<
      | { readonly status: 200; readonly body: Readiness; readonly etag: string | null }
      | { readonly status: 503; readonly body: Readiness; readonly etag: string | null }
    >(await send({ method: "GET", path: "/ready", expects: [200, 503] })),

  /** Metrics in the text format of Prometheus. */
  getMetrics: async (send: Send) =>
    as<{ readonly status: 200; readonly body: string; readonly etag: string | null }>(
      await send({ method: "GET", path: "/metrics", expects: [200] }),
    ),

  /** This contract. */
  getOpenapi: async (send: Send) =>
    as<{
      readonly status: 200;
      readonly body: Readonly<Record<string, unknown>>;
      readonly etag: string | null;
    }>(await send({ method: "GET", path: "/openapi.json", expects: [200] })),

  /** What is running. */
  getVersion: async (send: Send) =>
    as<{ readonly status: 200; readonly body: Version; readonly etag: string | null }>(
      await send({ method: "GET", path: "/v1/version", expects: [200] }),
    ),

  /** Who the key or token that asks belongs to, and what it may be used for. */
  getHolder: async (send: Send) =>
    as<{ readonly status: 200; readonly body: Holder; readonly etag: string | null }>(
      await send({ method: "GET", path: "/v1/holder", expects: [200] }),
    ),

  /** The revision that is serving. */
  getConfig: async (send: Send) =>
    as<{ readonly status: 200; readonly body: Revision; readonly etag: string | null }>(
      await send({ method: "GET", path: "/v1/config", expects: [200] }),
    ),

  /** Makes the document the new revision, if the named one is still serving. */
  applyConfig: async (send: Send, input: { readonly ifMatch: string; readonly body: string }) =>
    as<{ readonly status: 200; readonly body: ConfigApplied; readonly etag: string | null }>(
      await send({
        method: "PUT",
        path: "/v1/config",
        expects: [200],
        headers: { "if-match": input.ifMatch },
        body: input.body,
        contentType: "application/yaml",
      }),
    ),

  /** What a document would change. Changes nothing. */
  planConfig: async (send: Send, input: { readonly body: string }) =>
    as<{ readonly status: 200; readonly body: ConfigPlan; readonly etag: string | null }>(
      await send({
        method: "POST",
        path: "/v1/config/plan",
        expects: [200],
        body: input.body,
        contentType: "application/yaml",
      }),
    ),

  /** Registered servers and how they are. */
  listServers: async (send: Send) =>
    as<{ readonly status: 200; readonly body: Servers; readonly etag: string | null }>(
      await send({ method: "GET", path: "/v1/servers", expects: [200] }),
    ),

  /** One server with its tools, and how this replica finds it. */
  getServer: async (send: Send, input: { readonly name: string }) =>
    as<{ readonly status: 200; readonly body: ServerFacts; readonly etag: string | null }>(
      await send({
        method: "GET",
        path: "/v1/servers/" + encodeURIComponent(input.name) + "",
        expects: [200],
      }),
    ),

  /** Lists a server again now, and says how it is. */
  refreshServer: async (send: Send, input: { readonly name: string }) =>
    as<{ readonly status: 200; readonly body: Server; readonly etag: string | null }>(
      await send({
        method: "POST",
        path: "/v1/servers/" + encodeURIComponent(input.name) + "/refresh",
        expects: [200],
      }),
    ),

  /** Tools as they are offered on /mcp. */
  listTools: async (send: Send) =>
    as<{ readonly status: 200; readonly body: Tools; readonly etag: string | null }>(
      await send({ method: "GET", path: "/v1/tools", expects: [200] }),
    ),

  /** What a tool takes and says of itself, as clients are shown it. */
  getToolDefinition: async (send: Send, input: { readonly name: string }) =>
    as<{ readonly status: 200; readonly body: ToolDefinition; readonly etag: string | null }>(
      await send({
        method: "GET",
        path: "/v1/tools/" + encodeURIComponent(input.name) + "/definition",
        expects: [200],
      }),
    ),

  /** Where servers define something else than what was accepted. */
  listDrift: async (send: Send) =>
    as<{ readonly status: 200; readonly body: Drifts; readonly etag: string | null }>(
      await send({ method: "GET", path: "/v1/drift", expects: [200] }),
    ),

  /** Accepts what is observed of a tool as its new pin. */
  acceptDrift: async (send: Send, input: { readonly body: string }) =>
    as<{ readonly status: 200; readonly body: DriftAccepted; readonly etag: string | null }>(
      await send({
        method: "POST",
        path: "/v1/drift/accept",
        expects: [200],
        body: input.body,
        contentType: "application/json",
      }),
    ),

  /** What makes tools hard to use for a model. */
  lintTools: async (send: Send) =>
    as<{ readonly status: 200; readonly body: Lint; readonly etag: string | null }>(
      await send({ method: "GET", path: "/v1/tools/lint", expects: [200] }),
    ),

  /** Calls a tool through the gate, as the holder of the key. */
  callTool: async (
    send: Send,
    input: { readonly idempotencyKey?: string; readonly body: string },
  ) =>
    as<{ readonly status: 200; readonly body: Called; readonly etag: string | null }>(
      await send({
        method: "POST",
        path: "/v1/tools/call",
        expects: [200],
        headers: { "idempotency-key": input.idempotencyKey },
        body: input.body,
        contentType: "application/json",
      }),
    ),

  /** What is frozen and what was, by whom and why. */
  listFreezes: async (send: Send) =>
    as<{ readonly status: 200; readonly body: Freezes; readonly etag: string | null }>(
      await send({ method: "GET", path: "/v1/freezes", expects: [200] }),
    ),

  /** Stops an agent, a tool, a server, the tenant or everything, on every replica. */
  freeze: async (send: Send, input: { readonly body: string }) =>
    as<{ readonly status: 200; readonly body: FreezeChange; readonly etag: string | null }>(
      await send({
        method: "POST",
        path: "/v1/freezes",
        expects: [200],
        body: input.body,
        contentType: "application/json",
      }),
    ),

  /** Lifts a freeze. */
  unfreeze: async (send: Send, input: { readonly body: string }) =>
    as<{ readonly status: 200; readonly body: FreezeChange; readonly etag: string | null }>(
      await send({
        method: "POST",
        path: "/v1/freezes/lift",
        expects: [200],
        body: input.body,
        contentType: "application/json",
      }),
    ),

  /** Stored secrets, without their values. */
  listSecrets: async (send: Send, input: { readonly after?: string }) =>
    as<{ readonly status: 200; readonly body: Secrets; readonly etag: string | null }>(
      await send({
        method: "GET",
        path: "/v1/secrets",
        expects: [200],
        query: { after: input.after },
      }),
    ),

  /** Stores a value under a name, in the place of the one before. It is never shown again. */
  setSecret: async (send: Send, input: { readonly name: string; readonly body: string }) =>
    as<{ readonly status: 200; readonly body: Secret; readonly etag: string | null }>(
      await send({
        method: "PUT",
        path: "/v1/secrets/" + encodeURIComponent(input.name) + "",
        expects: [200],
        body: input.body,
        contentType: "application/json",
      }),
    ),

  /** Removes a stored secret. */
  removeSecret: async (send: Send, input: { readonly name: string; readonly subject?: string }) =>
    as<{ readonly status: 200; readonly body: SecretRemoved; readonly etag: string | null }>(
      await send({
        method: "DELETE",
        path: "/v1/secrets/" + encodeURIComponent(input.name) + "",
        expects: [200],
        query: { subject: input.subject },
      }),
    ),

  /** Calls that wait for a person, or did. */
  listApprovals: async (
    send: Send,
    input: {
      readonly state?: "pending" | "approved" | "denied" | "expired" | "consumed" | "voided";
      readonly limit?: number;
      readonly seen?: string;
      readonly wait?: number;
    },
  ) =>
    as<{ readonly status: 200; readonly body: Approvals; readonly etag: string | null }>(
      await send({
        method: "GET",
        path: "/v1/approvals",
        expects: [200],
        query: { state: input.state, limit: input.limit, seen: input.seen, wait: input.wait },
      }),
    ),

  /** One of them, with exactly what would be done. */
  getApproval: async (send: Send, input: { readonly id: string }) =>
    as<{ readonly status: 200; readonly body: Approval; readonly etag: string | null }>(
      await send({
        method: "GET",
        path: "/v1/approvals/" + encodeURIComponent(input.id) + "",
        expects: [200],
      }),
    ),

  /** What the approver's passkey is given to sign: the digest of the intent. */
  signApproval: async (send: Send, input: { readonly id: string; readonly body: string }) =>
    as<{ readonly status: 200; readonly body: ApprovalSigning; readonly etag: string | null }>(
      await send({
        method: "POST",
        path: "/v1/approvals/" + encodeURIComponent(input.id) + "/signing",
        expects: [200],
        body: input.body,
        contentType: "application/json",
      }),
    ),

  /** Agrees to a call or denies it, as the holder of the key. */
  decideApproval: async (send: Send, input: { readonly id: string; readonly body: string }) =>
    as<{ readonly status: 200; readonly body: ApprovalDecided; readonly etag: string | null }>(
      await send({
        method: "POST",
        path: "/v1/approvals/" + encodeURIComponent(input.id) + "/decision",
        expects: [200],
        body: input.body,
        contentType: "application/json",
      }),
    ),

  /** Calls of which nobody knows how they ended. */
  listCalls: async (send: Send, input: { readonly after?: string }) =>
    as<{ readonly status: 200; readonly body: Calls; readonly etag: string | null }>(
      await send({
        method: "GET",
        path: "/v1/calls",
        expects: [200],
        query: { after: input.after },
      }),
    ),

  /** Says what was found out about such a call, as a further entry of the ledger. */
  resolveCall: async (send: Send, input: { readonly id: string; readonly body: string }) =>
    as<{ readonly status: 200; readonly body: CallResolved; readonly etag: string | null }>(
      await send({
        method: "POST",
        path: "/v1/calls/" + encodeURIComponent(input.id) + "/resolution",
        expects: [200],
        body: input.body,
        contentType: "application/json",
      }),
    ),

  /** Takes away what could say who somebody was or what they asked for. Proofs stay valid. */
  erasePersonal: async (send: Send, input: { readonly body: string }) =>
    as<{ readonly status: 200; readonly body: PrivacyErased; readonly etag: string | null }>(
      await send({
        method: "POST",
        path: "/v1/privacy/erase",
        expects: [200],
        body: input.body,
        contentType: "application/json",
      }),
    ),

  /** Where a person shows who they are, before the authorization server asks them. */
  getConnectPage: async (send: Send) =>
    as<{ readonly status: 200; readonly body: string; readonly etag: string | null }>(
      await send({ method: "GET", path: "/connect", expects: [200] }),
    ),

  /** Where the authorization server of one server sends them back to. */
  getCallbackPage: async (send: Send, input: { readonly server: string }) =>
    as<{ readonly status: 200; readonly body: string; readonly etag: string | null }>(
      await send({
        method: "GET",
        path: "/connect/callback/" + encodeURIComponent(input.server) + "",
        expects: [200],
      }),
    ),

  /** Where the browser of whoever asked goes to agree. */
  authorizeConsent: async (send: Send, input: { readonly body: string }) =>
    as<{ readonly status: 200; readonly body: ConsentRedirect; readonly etag: string | null }>(
      await send({
        method: "POST",
        path: "/v1/consents/authorize",
        expects: [200],
        body: input.body,
        contentType: "application/json",
      }),
    ),

  /** Takes what the authorization server sent back, if the same person brings it. */
  finishConsent: async (send: Send, input: { readonly body: string }) =>
    as<{ readonly status: 200; readonly body: ConsentGranted; readonly etag: string | null }>(
      await send({
        method: "POST",
        path: "/v1/consents/finish",
        expects: [200],
        body: input.body,
        contentType: "application/json",
      }),
    ),

  /** What was granted: one's own, or everybody's for the admin. No tokens. */
  listCredentials: async (send: Send, input: { readonly after?: string }) =>
    as<{ readonly status: 200; readonly body: Credentials; readonly etag: string | null }>(
      await send({
        method: "GET",
        path: "/v1/credentials",
        expects: [200],
        query: { after: input.after },
      }),
    ),

  /** Removes a grant here, and revokes it at the authorization server if that answers. */
  revokeCredential: async (
    send: Send,
    input: { readonly server: string; readonly subject?: string },
  ) =>
    as<{ readonly status: 200; readonly body: CredentialRevoked; readonly etag: string | null }>(
      await send({
        method: "DELETE",
        path: "/v1/credentials/" + encodeURIComponent(input.server) + "",
        expects: [200],
        query: { subject: input.subject },
      }),
    ),

  /** Exchanges a key or token of one's own for a token with which an agent acts for one. */
  exchangeToken: async (send: Send, input: { readonly body: string }) =>
    as<
      | {
          readonly status: 200;
          readonly body: {
            readonly access_token: string;
            readonly issued_token_type: string;
            readonly token_type: "Bearer";
            readonly expires_in: number;
            readonly scope?: string;
          };
          readonly etag: string | null;
        }
      | {
          readonly status: 400;
          readonly body: {
            readonly error:
              | "invalid_request"
              | "invalid_scope"
              | "invalid_target"
              | "unsupported_grant_type";
            readonly error_description: string;
          };
          readonly etag: string | null;
        }
    >(
      await send({
        method: "POST",
        path: "/oauth/token",
        expects: [200, 400],
        body: input.body,
        contentType: "application/x-www-form-urlencoded",
      }),
    ),

  /** Reads the rules of a document, or those that serve, and checks them on the pinned tools. */
  checkPolicy: async (send: Send, input: { readonly body: string }) =>
    as<{ readonly status: 200; readonly body: PolicyCheck; readonly etag: string | null }>(
      await send({
        method: "POST",
        path: "/v1/policy/check",
        expects: [200],
        body: input.body,
        contentType: "application/json",
      }),
    ),

  /** Runs cases: what policy would say, beside what is expected. */
  testPolicy: async (send: Send, input: { readonly body: string }) =>
    as<{ readonly status: 200; readonly body: PolicyTest; readonly etag: string | null }>(
      await send({
        method: "POST",
        path: "/v1/policy/test",
        expects: [200],
        body: input.body,
        contentType: "application/json",
      }),
    ),

  /** What policy would say of one call, with every rule about it. */
  explainPolicy: async (send: Send, input: { readonly body: string }) =>
    as<{ readonly status: 200; readonly body: PolicyExplanation; readonly etag: string | null }>(
      await send({
        method: "POST",
        path: "/v1/policy/explain",
        expects: [200],
        body: input.body,
        contentType: "application/json",
      }),
    ),

  /** What a principal, an agent or whoever uses a toolset could do at worst. */
  findBlastRadius: async (send: Send, input: { readonly body: string }) =>
    as<{ readonly status: 200; readonly body: BlastRadius; readonly etag: string | null }>(
      await send({
        method: "POST",
        path: "/v1/policy/blast-radius",
        expects: [200],
        body: input.body,
        contentType: "application/json",
      }),
    ),

  /** The Cedar schema of the pinned tools, as text for editors. */
  getPolicySchema: async (send: Send) =>
    as<{ readonly status: 200; readonly body: string; readonly etag: string | null }>(
      await send({ method: "GET", path: "/v1/policy/schema", expects: [200] }),
    ),

  /** Where an approver adds a passkey. */
  getPasskeysPage: async (send: Send) =>
    as<{ readonly status: 200; readonly body: string; readonly etag: string | null }>(
      await send({ method: "GET", path: "/passkeys", expects: [200] }),
    ),

  /** A code with which an approver adds one passkey, within 15 minutes. */
  invitePasskey: async (send: Send, input: { readonly body: string }) =>
    as<{ readonly status: 200; readonly body: PasskeyInvitation; readonly etag: string | null }>(
      await send({
        method: "POST",
        path: "/v1/passkeys/invitations",
        expects: [200],
        body: input.body,
        contentType: "application/json",
      }),
    ),

  /** What a browser is given to make a passkey: with an invitation, or with one's own word. */
  beginPasskey: async (send: Send, input: { readonly body: string }) =>
    as<{ readonly status: 200; readonly body: PasskeyRegistration; readonly etag: string | null }>(
      await send({
        method: "POST",
        path: "/v1/passkeys/registration",
        expects: [200],
        body: input.body,
        contentType: "application/json",
      }),
    ),

  /** Adds the passkey that a browser made. */
  finishPasskey: async (send: Send, input: { readonly body: string }) =>
    as<{ readonly status: 200; readonly body: Passkey; readonly etag: string | null }>(
      await send({
        method: "POST",
        path: "/v1/passkeys",
        expects: [200],
        body: input.body,
        contentType: "application/json",
      }),
    ),

  /** One's own passkeys, or everybody's for the admin. */
  listPasskeys: async (send: Send, input: { readonly after?: string }) =>
    as<{ readonly status: 200; readonly body: Passkeys; readonly etag: string | null }>(
      await send({
        method: "GET",
        path: "/v1/passkeys",
        expects: [200],
        query: { after: input.after },
      }),
    ),

  /** What a browser is given to agree that one of one's own passkeys goes. */
  beginPasskeyRemoval: async (send: Send, input: { readonly body: string }) =>
    as<{ readonly status: 200; readonly body: PasskeyRemoval; readonly etag: string | null }>(
      await send({
        method: "POST",
        path: "/v1/passkeys/removal",
        expects: [200],
        body: input.body,
        contentType: "application/json",
      }),
    ),

  /** Removes a passkey: any, for the admin; one's own, with the word of a passkey of one's own. */
  removePasskey: async (send: Send, input: { readonly id: string; readonly body: string }) =>
    as<{ readonly status: 200; readonly body: PasskeyRemoved; readonly etag: string | null }>(
      await send({
        method: "DELETE",
        path: "/v1/passkeys/" + encodeURIComponent(input.id) + "",
        expects: [200],
        body: input.body,
        contentType: "application/json",
      }),
    ),

  /** Entries of the ledger, each of which leads to the receipt of its call. */
  listReceipts: async (send: Send, input: { readonly after?: string; readonly limit?: number }) =>
    as<{ readonly status: 200; readonly body: Receipts; readonly etag: string | null }>(
      await send({
        method: "GET",
        path: "/v1/receipts",
        expects: [200],
        query: { after: input.after, limit: input.limit },
      }),
    ),

  /** Everything that proves a call: what a receipt file holds. */
  getReceipt: async (send: Send, input: { readonly id: string }) =>
    as<{ readonly status: 200; readonly body: Receipt; readonly etag: string | null }>(
      await send({
        method: "GET",
        path: "/v1/receipts/" + encodeURIComponent(input.id) + "",
        expects: [200],
      }),
    ),

  /** The latest checkpoint of the tenant's log, and how the log is. */
  getLedgerCheckpoint: async (send: Send) =>
    as<{ readonly status: 200; readonly body: LedgerState; readonly etag: string | null }>(
      await send({ method: "GET", path: "/v1/ledger/checkpoint", expects: [200] }),
    ),

  /** Proof that the log at one size is the beginning of the log at another. */
  getLedgerConsistency: async (
    send: Send,
    input: { readonly from: number; readonly to: number; readonly epoch?: number },
  ) =>
    as<{ readonly status: 200; readonly body: LedgerConsistency; readonly etag: string | null }>(
      await send({
        method: "GET",
        path: "/v1/ledger/consistency",
        expects: [200],
        query: { from: input.from, to: input.to, epoch: input.epoch },
      }),
    ),

  /** Entries byte by byte, by their place in the log, beside their hashes. */
  readLedgerEntries: async (
    send: Send,
    input: { readonly from: number; readonly limit?: number; readonly epoch?: number },
  ) =>
    as<{ readonly status: 200; readonly body: LedgerEntries; readonly etag: string | null }>(
      await send({
        method: "GET",
        path: "/v1/ledger/entries",
        expects: [200],
        query: { from: input.from, limit: input.limit, epoch: input.epoch },
      }),
    ),

  /** Begins a new epoch of the log after a restore from a backup, which stays seen. */
  reopenLedger: async (send: Send, input: { readonly body: string }) =>
    as<{ readonly status: 200; readonly body: LedgerReopened; readonly etag: string | null }>(
      await send({
        method: "POST",
        path: "/v1/ledger/reopen",
        expects: [200],
        body: input.body,
        contentType: "application/json",
      }),
    ),

  /** Models, in OpenAI's form; for whoever may look, how the backends that answer for them are, as this replica sees it. */
  listModels: async (send: Send) =>
    as<{ readonly status: 200; readonly body: Models; readonly etag: string | null }>(
      await send({ method: "GET", path: "/v1/models", expects: [200] }),
    ),

  /** One model, in OpenAI's form. */
  getModel: async (send: Send, input: { readonly alias: string }) =>
    as<{ readonly status: 200; readonly body: Model; readonly etag: string | null }>(
      await send({
        method: "GET",
        path: "/v1/models/" + encodeURIComponent(input.alias) + "",
        expects: [200],
      }),
    ),

  /** Asks every backend now whether it answers. Costs no tokens. */
  lookAtModels: async (send: Send) =>
    as<{ readonly status: 200; readonly body: ModelsLooked; readonly etag: string | null }>(
      await send({ method: "POST", path: "/v1/models/look", expects: [200] }),
    ),

  /** Sends one short prompt to a model, and says what came and what it cost. */
  tryModel: async (send: Send, input: { readonly alias: string; readonly body: string }) =>
    as<{ readonly status: 200; readonly body: ModelTried; readonly etag: string | null }>(
      await send({
        method: "POST",
        path: "/v1/models/" + encodeURIComponent(input.alias) + "/try",
        expects: [200],
        body: input.body,
        contentType: "application/json",
      }),
    ),

  /** Asks a model in OpenAI's format, streaming or not; refusals are in that format, too. */
  createChatCompletion: async (send: Send, input: { readonly body: string }) =>
    as<{
      readonly status: 200;
      readonly body: {
        readonly id: string;
        readonly object: "chat.completion";
        readonly created: number;
        readonly model: string;
        readonly system_fingerprint: string | null;
        readonly choices: readonly {}[];
      };
      readonly etag: string | null;
    }>(
      await send({
        method: "POST",
        path: "/v1/chat/completions",
        expects: [200],
        body: input.body,
        contentType: "application/json",
      }),
    ),

  /** Starts an agent, which acts for the holder of the key. */
  startRun: async (
    send: Send,
    input: {
      readonly idempotencyKey?: string;
      readonly traceparent?: string;
      readonly body: string;
    },
  ) =>
    as<
      | { readonly status: 200; readonly body: Run; readonly etag: string | null }
      | { readonly status: 201; readonly body: Run; readonly etag: string | null }
    >(
      await send({
        method: "POST",
        path: "/v1/runs",
        expects: [200, 201],
        headers: { "idempotency-key": input.idempotencyKey, traceparent: input.traceparent },
        body: input.body,
        contentType: "application/json",
      }),
    ),

  /** Runs; to a caller those that it started. */
  listRuns: async (
    send: Send,
    input: {
      readonly state?:
        | "queued"
        | "running"
        | "waiting"
        | "paused"
        | "stopped"
        | "partial"
        | "parked"
        | "completed"
        | "failed"
        | "cancelled";
      readonly agent?: string;
      readonly parent?: string;
      readonly top?: "true" | "false";
      readonly begins?: string;
      readonly before?: string;
      readonly limit?: number;
    },
  ) =>
    as<{ readonly status: 200; readonly body: Runs; readonly etag: string | null }>(
      await send({
        method: "GET",
        path: "/v1/runs",
        expects: [200],
        query: {
          state: input.state,
          agent: input.agent,
          parent: input.parent,
          top: input.top,
          begins: input.begins,
          before: input.before,
          limit: input.limit,
        },
      }),
    ),

  /** How many runs are in each state, up to a bound. */
  countRuns: async (
    send: Send,
    input: { readonly agent?: string; readonly parent?: string; readonly top?: "true" | "false" },
  ) =>
    as<{ readonly status: 200; readonly body: RunCounts; readonly etag: string | null }>(
      await send({
        method: "GET",
        path: "/v1/runs/counts",
        expects: [200],
        query: { agent: input.agent, parent: input.parent, top: input.top },
      }),
    ),

  /** A run: its state, what it spent, what it waits for, its calls. */
  getRun: async (send: Send, input: { readonly id: string }) =>
    as<{ readonly status: 200; readonly body: Run; readonly etag: string | null }>(
      await send({
        method: "GET",
        path: "/v1/runs/" + encodeURIComponent(input.id) + "",
        expects: [200],
      }),
    ),

  /** Events in order. With `Accept: text/event-stream` as a stream that `Last-Event-ID` resumes. */
  listRunEvents: async (
    send: Send,
    input: {
      readonly id: string;
      readonly after?: number;
      readonly limit?: number;
      readonly contents?: "true" | "false";
    },
  ) =>
    as<{ readonly status: 200; readonly body: RunEvents; readonly etag: string | null }>(
      await send({
        method: "GET",
        path: "/v1/runs/" + encodeURIComponent(input.id) + "/events",
        expects: [200],
        query: { after: input.after, limit: input.limit, contents: input.contents },
      }),
    ),

  /** A text that an event names: what was said, and what a tool answered. */
  getRunContent: async (send: Send, input: { readonly id: string; readonly digest: string }) =>
    as<{ readonly status: 200; readonly body: RunContent; readonly etag: string | null }>(
      await send({
        method: "GET",
        path:
          "/v1/runs/" +
          encodeURIComponent(input.id) +
          "/contents/" +
          encodeURIComponent(input.digest) +
          "",
        expects: [200],
      }),
    ),

  /** What the model was shown at a step, and what of its window that took. */
  getRunContext: async (send: Send, input: { readonly id: string; readonly step?: number }) =>
    as<{ readonly status: 200; readonly body: RunContext; readonly etag: string | null }>(
      await send({
        method: "GET",
        path: "/v1/runs/" + encodeURIComponent(input.id) + "/context",
        expects: [200],
        query: { step: input.step },
      }),
    ),

  /** Spans of a run and of its sub-agents, without any text. */
  getRunTrace: async (send: Send, input: { readonly id: string }) =>
    as<{ readonly status: 200; readonly body: RunTrace; readonly etag: string | null }>(
      await send({
        method: "GET",
        path: "/v1/runs/" + encodeURIComponent(input.id) + "/trace",
        expects: [200],
      }),
    ),

  /** A run from the outside in: who asked, how it queued, how it is, what it did, what left. */
  getRunExplanation: async (send: Send, input: { readonly id: string }) =>
    as<{ readonly status: 200; readonly body: RunExplanation; readonly etag: string | null }>(
      await send({
        method: "GET",
        path: "/v1/runs/" + encodeURIComponent(input.id) + "/explain",
        expects: [200],
      }),
    ),

  /** Ends a run. What is under way is not taken back. */
  cancelRun: async (send: Send, input: { readonly id: string }) =>
    as<{ readonly status: 202; readonly body: RunTold; readonly etag: string | null }>(
      await send({
        method: "POST",
        path: "/v1/runs/" + encodeURIComponent(input.id) + "/cancel",
        expects: [202],
      }),
    ),

  /** Lets a run rest until it is resumed. */
  pauseRun: async (send: Send, input: { readonly id: string }) =>
    as<{ readonly status: 202; readonly body: RunTold; readonly etag: string | null }>(
      await send({
        method: "POST",
        path: "/v1/runs/" + encodeURIComponent(input.id) + "/pause",
        expects: [202],
      }),
    ),

  /** Takes back the effects of a run, as its agent declares it. */
  compensateRun: async (send: Send, input: { readonly id: string }) =>
    as<{ readonly status: 202; readonly body: RunTold; readonly etag: string | null }>(
      await send({
        method: "POST",
        path: "/v1/runs/" + encodeURIComponent(input.id) + "/compensate",
        expects: [202],
      }),
    ),

  /** Lets a run go on: a paused one, a stopped one, a partial one for what is open. */
  resumeRun: async (send: Send, input: { readonly id: string; readonly body: string }) =>
    as<{ readonly status: 202; readonly body: RunResumed; readonly etag: string | null }>(
      await send({
        method: "POST",
        path: "/v1/runs/" + encodeURIComponent(input.id) + "/resume",
        expects: [202],
        body: input.body,
        contentType: "application/json",
      }),
    ),

  /** Tells a run something that it waits for. */
  signalRun: async (send: Send, input: { readonly id: string; readonly body: string }) =>
    as<{ readonly status: 202; readonly body: RunTold; readonly etag: string | null }>(
      await send({
        method: "POST",
        path: "/v1/runs/" + encodeURIComponent(input.id) + "/signal",
        expects: [202],
        body: input.body,
        contentType: "application/json",
      }),
    ),

  /** A new run with the history of one's own run up to a step. */
  forkRun: async (send: Send, input: { readonly id: string; readonly body: string }) =>
    as<{ readonly status: 201; readonly body: RunForked; readonly etag: string | null }>(
      await send({
        method: "POST",
        path: "/v1/runs/" + encodeURIComponent(input.id) + "/fork",
        expects: [201],
        body: input.body,
        contentType: "application/json",
      }),
    ),

  /** What models and tools have cost, by day, agent, source and subject. */
  readCosts: async (send: Send, input: { readonly days?: number }) =>
    as<{ readonly status: 200; readonly body: Costs; readonly etag: string | null }>(
      await send({ method: "GET", path: "/v1/costs", expects: [200], query: { days: input.days } }),
    ),

  /** What of each configured budget is used in the period that runs. */
  listBudgets: async (send: Send) =>
    as<{ readonly status: 200; readonly body: Budgets; readonly etag: string | null }>(
      await send({ method: "GET", path: "/v1/budgets", expects: [200] }),
    ),

  /** Agents, each with the bundle that a run would start with now. Keeps none. */
  listBundles: async (send: Send, input: { readonly agent?: string }) =>
    as<{ readonly status: 200; readonly body: Bundles; readonly etag: string | null }>(
      await send({
        method: "GET",
        path: "/v1/bundles",
        expects: [200],
        query: { agent: input.agent },
      }),
    ),

  /** Builds the bundle of an agent as everything is now, and keeps it. */
  buildBundle: async (send: Send, input: { readonly body: string }) =>
    as<{ readonly status: 200; readonly body: Bundle; readonly etag: string | null }>(
      await send({
        method: "POST",
        path: "/v1/bundles",
        expects: [200],
        body: input.body,
        contentType: "application/json",
      }),
    ),

  /** A bundle that was kept. */
  getBundle: async (send: Send, input: { readonly digest: string }) =>
    as<{ readonly status: 200; readonly body: Bundle; readonly etag: string | null }>(
      await send({
        method: "GET",
        path: "/v1/bundles/" + encodeURIComponent(input.digest) + "",
        expects: [200],
      }),
    ),

  /** What changed from one kept bundle to another, in words. */
  diffBundles: async (send: Send, input: { readonly from: string; readonly to: string }) =>
    as<{ readonly status: 200; readonly body: BundleDiff; readonly etag: string | null }>(
      await send({
        method: "GET",
        path:
          "/v1/bundles/" +
          encodeURIComponent(input.from) +
          "/diff/" +
          encodeURIComponent(input.to) +
          "",
        expects: [200],
      }),
    ),

  /** What this replica can keep programs in: what a canary of each tier showed, and what enforces each limit. */
  listSandboxes: async (send: Send) =>
    as<{ readonly status: 200; readonly body: Sandboxes; readonly etag: string | null }>(
      await send({ method: "GET", path: "/v1/sandboxes", expects: [200] }),
    ),
};

type Operations = typeof operations;
type Input<O> = O extends (send: Send, ...input: infer I) => unknown ? I : never;

export type Client = {
  readonly [K in keyof Operations]: (...input: Input<Operations[K]>) => ReturnType<Operations[K]>;
};

export function createClient(send: Send): Client {
  type Unbound = (send: Send, ...input: readonly unknown[]) => unknown;
  const bound = Object.entries(operations as unknown as Record<string, Unbound>).map(
    ([name, operation]) => [name, (...input: readonly unknown[]) => operation(send, ...input)],
  );
  return Object.fromEntries(bound) as Client;
}

function as<A>(received: Received): A {
  return received as A;
}
