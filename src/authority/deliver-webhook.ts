import { cutShort } from "../lib/cut-short.ts";
import { Fault } from "../model/index.ts";
import type { WebhookConfig } from "../model/config-webhooks.ts";
import type { Clock } from "../ports/clock.ts";
import type { DeliveryRow } from "../ports/delivery-rows.ts";
import type { Origin } from "../ports/dialer.ts";
import type { Secrets } from "../ports/secrets.ts";
import { signWebhook } from "./sign-webhook.ts";

/** Receivers are asked to say yes first and to work after: this is what the form's own guide gives them. */
const answerWithinMs = 15_000;

export interface Sending {
  /** Throws where the address itself is refused: then each try fails, like any other. */
  readonly origin: () => Origin;
  readonly hook: Pick<WebhookConfig, "url" | "secret" | "nextSecret">;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly version: string;
  readonly signal: AbortSignal;
}

export type Sent =
  | { readonly kind: "taken" }
  /** The receiver does not want any more. */
  | { readonly kind: "gone" }
  | { readonly kind: "failed"; readonly why: string };

/**
 * One try. The status is all that is read of an answer: a webhook tells, and nothing that it says back
 * means anything here. Redirects are answers like any other that is no yes.
 */
export async function sendDelivery(sending: Sending, row: DeliveryRow): Promise<Sent> {
  const { clock, signal } = sending;
  const late = () => new Fault("deadline_exceeded", `No answer within ${answerWithinMs} ms.`);
  try {
    const limits = { clock, signal, withinMs: answerWithinMs, late };
    return toSent(await cutShort(limits, (until) => send(sending, row, until)));
  } catch (error) {
    if (signal.aborted) throw error;
    return { kind: "failed", why: error instanceof Fault ? error.code : "unknown" };
  }
}

async function send(
  { origin, hook, secrets, clock, version }: Sending,
  { event, body }: DeliveryRow,
  signal: AbortSignal,
): Promise<number> {
  const references = hook.nextSecret === undefined ? [hook.secret] : [hook.secret, hook.nextSecret];
  const values = await Promise.all(references.map((reference) => secrets.resolve(reference)));
  const timestamp = Math.floor(clock.nowMs() / 1_000);
  const { pathname, search } = new URL(hook.url);
  const answer = await origin().request({
    method: "POST",
    path: `${pathname}${search}`,
    headers: {
      "content-type": "application/json",
      "user-agent": `countersign/${version}`,
      ...signWebhook({ id: event, timestamp, body }, values),
    },
    body,
    signal,
  });
  // Before anything of it is read: what comes may have no end.
  answer.discard();
  return answer.status;
}

function toSent(status: number): Sent {
  if (status >= 200 && status < 300) return { kind: "taken" };
  return status === 410 ? { kind: "gone" } : { kind: "failed", why: `status ${status}` };
}
