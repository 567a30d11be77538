import { createDialer } from "../adapters/dialer/dialer.ts";
import { createAnnouncer, hasHappened } from "../authority/announce-approval.ts";
import { createWebhooks, type Webhook } from "../authority/webhooks.ts";
import type { WebhookConfig } from "../model/config-webhooks.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { Secrets } from "../ports/secrets.ts";
import type { Store } from "../ports/store.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Now } from "./now.ts";

export interface WebhookParts {
  readonly lifecycle: Pick<Lifecycle, "start">;
  readonly store: Pick<Store, "approvals" | "deliveries">;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  readonly version: string;
  readonly now: Pick<Now, "url">;
  /** What is serving; asked each time. */
  readonly configuration: { readonly live: () => Serving };
}

interface Serving {
  readonly revision: { readonly digest: string };
  readonly config: { readonly webhooks: Readonly<Record<string, WebhookConfig>> };
}

/** Starts telling. Nobody waits for what is announced, and nothing that comes back decides anything. */
export async function startWebhooks(parts: WebhookParts): Promise<Now["announce"]> {
  const { lifecycle, configuration } = parts;
  const { announcer } = await lifecycle.start({
    name: "webhooks",
    start: async () => open(parts),
    stop: async ({ announcer: announcing, webhooks }) => {
      await announcing.settled();
      await webhooks.close();
    },
  });
  return (event) => {
    // Most have none: then nothing is read for it.
    const { config } = configuration.live();
    if (Object.keys(config.webhooks).length > 0) announcer.announce(event);
  };
}

function open(parts: WebhookParts) {
  const { store, clock, configuration, now } = parts;
  const { approvals } = store;
  const webhooks = createWebhooks({
    ...parts,
    rows: store.deliveries,
    dialer: createDialer(),
    hooks: () => listHooks(configuration.live()),
    isTrue: (row) => hasHappened({ approvals, clock }, row),
  });
  const urlOf = (id: string) => `${now.url()}/approvals/${id}`;
  return { webhooks, announcer: createAnnouncer({ ...parts, approvals, webhooks, urlOf }) };
}

function listHooks({ revision, config }: Serving): readonly Webhook[] {
  return Object.entries(config.webhooks).map(([name, hook]) => ({
    ...hook,
    name,
    revision: revision.digest,
  }));
}
