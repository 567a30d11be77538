import { Fault, toCanonicalText, toDigest, type Digest } from "../model/index.ts";
import { parseEgressRule, toLimitsDigest, type EgressRule, type Tier } from "../model/sandbox.ts";
import {
  defaultEgressLimits,
  type BoundCredential,
  type EgressAttempt,
  type EgressGate,
} from "../ports/egress.ts";
import type { Random } from "../ports/random.ts";
import type {
  EgressCredential,
  Sandboxes,
  SandboxDriver,
  SandboxProbe,
  SandboxRow,
  SandboxWish,
  StartedSandbox,
} from "../ports/sandbox.ts";
import type { Telemetry } from "../ports/telemetry.ts";

export interface SandboxesOptions {
  /** The weakest first; of two of one tier the first that is usable is taken. */
  readonly drivers: readonly SandboxDriver[];
  readonly egress: EgressGate;
  readonly random: Random;
  readonly telemetry: Telemetry;
}

type Usable = Extract<SandboxProbe, { kind: "usable" }>;

interface Ready {
  readonly driver: SandboxDriver;
  readonly probe: Usable;
  readonly evidence: Digest;
}

/**
 * Puts each program into the tier that it is to run in. A tier counts once its canary has shown that it
 * holds; one that is missing is refused, and nothing else is taken in its place (I12). It is tried again
 * when it is asked for again: somebody may have mended it.
 */
export function createSandboxes(options: SandboxesOptions): Sandboxes {
  const { drivers } = options;
  const look = createLook();

  async function find(tier: Tier): Promise<Ready> {
    const missing: SandboxRow[] = [];
    for (const driver of drivers.filter((each) => each.tier === tier)) {
      const row = await look(driver);
      const { probe, evidence } = row;
      if (probe.kind === "usable" && evidence !== null) return { driver, probe, evidence };
      missing.push(row);
    }
    throw toMissing(tier, missing);
  }

  return {
    async start(tier, wish) {
      return start(options, await find(tier), wish);
    },
    list: () => Promise.all(drivers.map(look)),
  };
}

function createLook(): (driver: SandboxDriver) => Promise<SandboxRow> {
  const tried = new Map<SandboxDriver, Promise<SandboxRow>>();
  return (driver) => {
    const known = tried.get(driver);
    if (known !== undefined) return known;
    const row = toRow(driver).then((found) => {
      if (found.probe.kind === "missing") tried.delete(driver);
      return found;
    });
    tried.set(driver, row);
    return row;
  };
}

async function start(
  { egress, random, telemetry }: SandboxesOptions,
  { driver, probe, evidence }: Ready,
  wish: SandboxWish,
): Promise<StartedSandbox> {
  const { server, egress: hosts, private: isPrivate, credentials: wished, ...spec } = wish;
  const limits = toLimitsDigest(spec.limits, probe.enforcement);
  const base = { tier: driver.tier, driver: driver.name, evidence, limits, downgraded: false };
  if (hosts.length === 0) {
    const sandbox = await driver.start({ ...spec, onConnection: null, authority: null });
    return { sandbox, stamp: () => ({ ...base, egress: null }) };
  }
  const credentials = wished.map((one) => bind(one, random));
  const way = egress.open({
    rules: hosts.map(toRule),
    private: isPrivate,
    limits: defaultEgressLimits,
    credentials,
    onAttempt: (attempt) => note(telemetry, server, attempt),
  });
  const onConnection = way.accept.bind(way);
  const placeholders = credentials.map(({ name, placeholder }) => [name, placeholder] as const);
  const environment = { ...spec.environment, ...Object.fromEntries<string>(placeholders) };
  const { authority } = way;
  const sandbox = await driver
    .start({ ...spec, environment, onConnection, authority })
    .catch(async (error: unknown) => {
      await way.close();
      throw error;
    });
  void sandbox.ended.then(() => way.close());
  const stamp = () => {
    const { attempts, refused, digest } = way.log();
    return { ...base, egress: { attempts, refused, digest } };
  };
  return { sandbox, stamp };
}

const placeholderBytes = 16;

/** What the program holds is worth nothing anywhere else, and nothing after its end (I9). */
function bind({ variable, place, secret }: EgressCredential, random: Random): BoundCredential {
  const drawn = Buffer.from(random.bytes(placeholderBytes)).toString("hex");
  return { name: variable, place, secret, placeholder: `countersign-placeholder-${drawn}` };
}

function note(telemetry: Telemetry, server: string, attempt: EgressAttempt): void {
  const { host, port, verdict, reason, credentials } = attempt;
  const level = verdict === "allowed" ? "debug" : "warn";
  const used = credentials.length === 0 ? {} : { credentials: credentials.join(", ") };
  telemetry.log(level, "a sandbox tried to connect", {
    server,
    host,
    port,
    verdict,
    reason,
    ...used,
  });
}

async function toRow(driver: SandboxDriver): Promise<SandboxRow> {
  const { name, tier } = driver;
  const probe = await driver.probe();
  const evidence =
    probe.kind === "usable"
      ? toDigest(
          toCanonicalText({ evidence: probe.evidence, enforcement: { ...probe.enforcement } }),
        )
      : null;
  return { driver: name, tier, probe, evidence };
}

function toRule(text: string): EgressRule {
  const rule = parseEgressRule(text);
  if (rule === null) throw new Fault("sandbox_failed", `${text} is no place to connect to.`);
  return rule;
}

/** Says what would mend it, in one line. */
function toMissing(tier: Tier, rows: readonly SandboxRow[]): Fault {
  const reasons = rows.flatMap(({ driver, probe }) =>
    probe.kind === "missing"
      ? [`${driver}: ${probe.reason}${probe.fix === null ? "" : ` (${probe.fix})`}`]
      : [],
  );
  const why = reasons.length === 0 ? "nothing that is built in makes one" : reasons.join("; ");
  return new Fault("sandbox_missing", `The program is to run in tier ${tier}, and ${why}.`);
}
