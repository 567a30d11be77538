import type { KnownSecrets } from "../authority/known-secrets.ts";
import type { Config } from "../model/config.ts";
import { toDestination } from "../ports/credentials.ts";
import type { LeakScan } from "../ports/leak-scan.ts";
import { SecretValue, type Secrets } from "../ports/secrets.ts";

/** What traces, metrics and logs are sent with, under one revision. */
export interface TraceParts {
  /** Of all secrets that are taken out of what is sent. */
  readonly scan: LeakScan;
  /** Of headers; what is read is known from then on. */
  readonly secrets: Secrets;
}

interface Keyed {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A key is looked for before it was first used. One that cannot be read is told when it is. */
export async function learnTraceKeys(
  { traces, metrics, logs }: Config["telemetry"],
  { secrets, known }: { readonly secrets: Secrets; readonly known: KnownSecrets },
): Promise<Secrets> {
  const learning: Secrets = {
    async resolve(reference, destination) {
      const value = await secrets.resolve(reference, destination);
      // Without the scheme that stands before it.
      known.know(reference, new SecretValue(value.reveal().trim().split(" ").at(-1)!));
      return value;
    },
  };
  const destinations: readonly Keyed[] = [
    ...Object.values(traces.destinations),
    ...Object.values(metrics.destinations),
    ...Object.values(logs.destinations),
  ];
  const reads = destinations.flatMap(({ url, headers }) =>
    Object.values(headers).map((reference) =>
      learning.resolve(reference, toDestination(url) ?? undefined),
    ),
  );
  await Promise.allSettled(reads);
  return learning;
}
