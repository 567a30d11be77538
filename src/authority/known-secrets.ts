import { Fault } from "../model/index.ts";
import type { CredentialOutcome, Credentials, SecretHeaders } from "../ports/credentials.ts";
import type { LeakScan } from "../ports/leak-scan.ts";
import { SecretValue, type Secrets } from "../ports/secrets.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { createLeakScan } from "./broker-leaks.ts";
import { windowLength } from "./broker-matcher.ts";

/** The secrets that one revision has resolved so far. */
export interface KnownSecrets {
  readonly scan: LeakScan;
  /** From now on its value is looked for: before it is sent anywhere. Throws at the bound. */
  know(name: string, value: SecretValue): void;
  /** The same of what runs out by itself; at the bound the one that was used longest ago is forgotten. */
  knowPassing(name: string, value: SecretValue): void;
}

/** Of configuration, which refers to a few dozen, and of credentials as many again. */
const maxOfKind = 500;
/** A file that is rotated: its last values are still on their way. */
const maxOfName = 4;
/** Header lines of one credential. */
const maxLines = 8;
/** A scan of hundreds takes some 30 ms to make: so many new credentials wait for it in one of their own. */
const maxYoung = 32;

export function createKnownSecrets(telemetry: Telemetry): KnownSecrets {
  const toText = createReader(telemetry);
  const [lasting, old, young] = [new Shelf(), new Shelf(), new Shelf()];
  const filled = (): readonly Shelf[] => [lasting, old, young].filter(({ size }) => size > 0);

  function settleYoung(): void {
    for (const [name, values] of young.takeAll())
      old.put(name, [...new Set([...values, ...old.valuesOf(name)])].slice(0, maxLines));
    while (old.size > maxOfKind - maxYoung) old.dropOldest();
  }

  return {
    scan: {
      get isEmpty() {
        return lasting.size === 0 && old.size === 0 && young.size === 0;
      },
      find: (text) =>
        filled()
          .flatMap((shelf) => shelf.scan().find(text))
          .toSorted((a, b) => a.at - b.at),
      redact: (text) => filled().reduce((rest, shelf) => shelf.scan().redact(rest), text),
    },
    know(name, value) {
      const text = toText(name, value);
      if (text === null || lasting.has(name, text)) return;
      lasting.put(name, [text, ...lasting.valuesOf(name)].slice(0, maxOfName));
      if (lasting.size <= maxOfKind) return;
      lasting.put(name, lasting.valuesOf(name).slice(1));
      throw tooMany(name);
    },
    knowPassing(name, value) {
      const text = toText(name, value);
      if (text === null || young.has(name, text)) return;
      // What is in use stays, however many came after it.
      if (old.has(name, text)) return old.touch(name);
      young.put(name, [text, ...young.valuesOf(name)].slice(0, maxLines));
      if (young.size >= maxYoung) settleYoung();
    },
  };
}

type Scan = ReturnType<typeof createLeakScan>;

/** Values by their names, and one scan of them all: made anew when it is next asked for. */
class Shelf {
  #values = new Map<string, readonly string[]>();
  #scan: Scan | null = null;
  #size = 0;
  /** Null: whichever it is. */
  #youngest: string | null = null;

  get size(): number {
    return this.#size;
  }

  has(name: string, value: string): boolean {
    return this.valuesOf(name).includes(value);
  }

  valuesOf(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /** In the place of what it had; the youngest stands last. */
  put(name: string, values: readonly string[]): void {
    this.#size += values.length - this.valuesOf(name).length;
    this.#values.delete(name);
    if (values.length > 0) this.#values.set(name, values);
    this.#youngest = null;
    this.#scan = null;
  }

  /** To the youngest end; the scan stays, since what it looks for is the same. */
  touch(name: string): void {
    if (name === this.#youngest) return;
    const values = this.valuesOf(name);
    this.#values.delete(name);
    this.#values.set(name, values);
    this.#youngest = name;
  }

  dropOldest(): void {
    for (const [name] of this.#values) return this.put(name, []);
  }

  takeAll(): ReadonlyMap<string, readonly string[]> {
    const taken = this.#values;
    this.#values = new Map();
    this.#size = 0;
    this.#youngest = null;
    this.#scan = null;
    return taken;
  }

  scan(): Scan {
    this.#scan ??= createLeakScan(
      [...this.#values].flatMap(([name, values]) =>
        values.map((value) => ({ name, value: new SecretValue(value) })),
      ),
    );
    return this.#scan;
  }
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
  // What is given again on every call is taken apart once, and noted each time it is used.
  const tokens = new WeakMap<SecretHeaders, readonly SecretValue[]>();
  function tokensOf(headers: SecretHeaders): readonly SecretValue[] {
    const before = tokens.get(headers);
    if (before !== undefined) return before;
    // Without the scheme that stands before it: a server says again what it takes for the token.
    const now = Object.values(headers.reveal()).map(
      (line) => new SecretValue(line.trim().split(" ").at(-1)!),
    );
    tokens.set(headers, now);
    return now;
  }
  function note<Outcome extends CredentialOutcome | null>(outcome: Outcome): Outcome {
    if (outcome?.kind !== "ready") return outcome;
    for (const value of tokensOf(outcome.headers)) known.knowPassing(outcome.id, value);
    return outcome;
  }
  return {
    recall: (ask) => note(credentials.recall(ask)),
    headersFor: async (ask) => note(await credentials.headersFor(ask)),
    rejected: (id) => credentials.rejected(id),
  };
}
