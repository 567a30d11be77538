import { Fault } from "../model/index.ts";
import type { CredentialOutcome, Credentials, SecretHeaders } from "../ports/credentials.ts";
import type { LeakScan } from "../ports/leak-scan.ts";
import { SecretValue, type Secrets } from "../ports/secrets.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { createGrowingLeakScan } from "./broker-leaks.ts";
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

export function createKnownSecrets(telemetry: Telemetry): KnownSecrets {
  const toText = createReader(telemetry);
  const [lasting, passing] = [new Shelf(), new Shelf()];
  const filled = (): readonly Shelf[] => [lasting, passing].filter(({ size }) => size > 0);

  return {
    scan: {
      get isEmpty() {
        return lasting.size === 0 && passing.size === 0;
      },
      find: (text) =>
        filled()
          .flatMap(({ scan }) => scan.find(text))
          .toSorted((a, b) => a.at - b.at),
      redact: (text) => filled().reduce((rest, { scan }) => scan.redact(rest), text),
    },
    know(name, value) {
      const text = toText(name, value);
      if (text === null || lasting.has(name, text)) return;
      // One that takes the place of an older one of its name always finds room.
      if (lasting.size >= maxOfKind && lasting.countOf(name) < maxOfName) throw tooMany(name);
      lasting.put(name, text, maxOfName);
    },
    knowPassing(name, value) {
      const text = toText(name, value);
      if (text === null) return;
      // What is in use stays, however many came after it.
      if (passing.has(name, text)) return passing.touch(name);
      passing.put(name, text, maxLines);
      while (passing.size > maxOfKind) passing.dropOldest();
    },
  };
}

/** Values by their names, and one scan of them all. */
class Shelf {
  readonly scan = createGrowingLeakScan();
  /** What ends the search for each value; the youngest name stands last, and of a name the youngest value. */
  readonly #values = new Map<string, Map<string, () => void>>();
  #size = 0;
  #youngest: string | null = null;

  get size(): number {
    return this.#size;
  }

  has(name: string, value: string): boolean {
    return this.#values.get(name)?.has(value) === true;
  }

  countOf(name: string): number {
    return this.#values.get(name)?.size ?? 0;
  }

  /** Beside what it had, of which the oldest goes where there are too many. */
  put(name: string, value: string, maxValues: number): void {
    const values = this.#values.get(name) ?? new Map<string, () => void>();
    this.#values.set(name, values);
    while (values.size >= maxValues) this.#end(values, values.keys().next().value!);
    values.set(value, this.scan.add({ name, value: new SecretValue(value) }));
    this.#size += 1;
    this.touch(name);
  }

  /** To the youngest end. */
  touch(name: string): void {
    if (name === this.#youngest) return;
    const values = this.#values.get(name)!;
    this.#values.delete(name);
    this.#values.set(name, values);
    this.#youngest = name;
  }

  dropOldest(): void {
    for (const [name, values] of this.#values) {
      for (const value of values.keys()) this.#end(values, value);
      return void this.#values.delete(name);
    }
  }

  #end(values: Map<string, () => void>, value: string): void {
    values.get(value)!();
    values.delete(value);
    this.#size -= 1;
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
