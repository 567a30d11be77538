import { Fault } from "../model/index.ts";
import type { CredentialOutcome, Credentials, SecretHeaders } from "../ports/credentials.ts";
import type { LeakScan } from "../ports/leak-scan.ts";
import { SecretValue, type Secrets } from "../ports/secrets.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { createLeakScan, type KnownSecret } from "./broker-leaks.ts";
import { windowLength } from "./broker-matcher.ts";

/** The secrets that one revision has resolved so far. */
export interface KnownSecrets {
  readonly scan: LeakScan;
  /** From now on its value is looked for: before it is sent anywhere. Throws at the bound. */
  know(name: string, value: SecretValue): void;
  /** The same of what runs out by itself; at the bound the one that came first is forgotten. */
  knowPassing(name: string, value: SecretValue): void;
}

/** Of configuration, which refers to a few dozen, and of credentials: a scan takes a thousand values. */
const maxOfKind = 500;
/** A file that is rotated: its last values are still on their way. */
const maxOfName = 4;

export function createKnownSecrets(telemetry: Telemetry): KnownSecrets {
  const lasting = new Map<string, readonly string[]>();
  const passing = new Map<string, string>();
  const toText = createReader(telemetry);
  let scan: ReturnType<typeof createLeakScan> | null = null;

  /** Made anew when there is something new, by whoever needs it first. */
  function toScan(): ReturnType<typeof createLeakScan> {
    if (scan !== null) return scan;
    const toKnown = ([name, value]: readonly [string, string]): KnownSecret => ({
      name,
      value: new SecretValue(value),
    });
    const all = [...lasting].flatMap(([name, values]) =>
      values.map((value) => [name, value] as const),
    );
    scan = createLeakScan([...all, ...passing].map(toKnown));
    return scan;
  }

  const isEmpty = (): boolean => lasting.size === 0 && passing.size === 0;
  return {
    scan: {
      get isEmpty() {
        return isEmpty();
      },
      find: (text) => (isEmpty() ? [] : toScan().find(text)),
      redact: (text) => (isEmpty() ? text : toScan().redact(text)),
    },
    know(name, value) {
      const text = toText(name, value);
      const before = lasting.get(name) ?? [];
      if (text === null || before.includes(text)) return;
      const kept = [text, ...before].slice(0, maxOfName);
      if (countOf(lasting) + kept.length - before.length > maxOfKind) throw tooMany(name);
      lasting.set(name, kept);
      scan = null;
    },
    knowPassing(name, value) {
      const text = toText(name, value);
      if (text === null || passing.get(name) === text) return;
      passing.delete(name);
      passing.set(name, text);
      for (const [oldest] of passing) {
        if (passing.size <= maxOfKind) break;
        passing.delete(oldest);
      }
      scan = null;
    },
  };
}

/** What is sent of a value has no space around it; null for what is too short to be looked for. */
function createReader(telemetry: Telemetry): (name: string, value: SecretValue) => string | null {
  const warned = new Set<string>();
  return (name, value) => {
    const text = value.reveal().trim();
    if (text.length >= windowLength) return text;
    if (!warned.has(name) && warned.size < maxOfKind) {
      warned.add(name);
      telemetry.log("warn", "a secret is too short to be looked for in arguments and results", {
        secret: name,
        leastCharacters: windowLength,
      });
    }
    return null;
  };
}

function countOf(values: ReadonlyMap<string, readonly string[]>): number {
  let count = 0;
  for (const each of values.values()) count += each.length;
  return count;
}

function tooMany(name: string): Fault {
  return new Fault(
    "secret_unresolved",
    `${name} is one secret too many: at most ${maxOfKind} values are looked for.`,
  );
}

/** The same secrets; whatever is read of them is known from then on. */
export function rememberSecrets(secrets: Secrets, known: KnownSecrets): Secrets {
  return {
    async resolve(reference, destination) {
      const value = await secrets.resolve(reference, destination);
      known.know(reference, value);
      return value;
    },
  };
}

/** The same credentials; whatever they give is known before it is sent. */
export function rememberCredentials(credentials: Credentials, known: KnownSecrets): Credentials {
  // What is given again on every call was looked at once.
  const seen = new WeakSet<SecretHeaders>();
  function note<Outcome extends CredentialOutcome | null>(outcome: Outcome): Outcome {
    if (outcome?.kind !== "ready" || seen.has(outcome.headers)) return outcome;
    seen.add(outcome.headers);
    // Without the scheme that stands before it: a server says again what it takes for the token.
    for (const line of Object.values(outcome.headers.reveal()))
      known.knowPassing(outcome.id, new SecretValue(line.trim().split(" ").at(-1)!));
    return outcome;
  }
  return {
    recall: (ask) => note(credentials.recall(ask)),
    headersFor: async (ask) => note(await credentials.headersFor(ask)),
    rejected: (id) => credentials.rejected(id),
  };
}
