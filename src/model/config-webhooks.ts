import { z } from "zod";
import { tenantIdSchema } from "./id.ts";
import { secretReferenceSchema } from "./secret-reference.ts";

/** What happens to approvals that somebody outside may be told of. */
export const webhookEvents = [
  "approval.asked",
  "approval.decided",
  "approval.expired",
  "approval.withdrawn",
] as const;
export type WebhookEvent = (typeof webhookEvents)[number];

const notUrl = "takes an http or https URL without user, password or fragment";

const webhookSchema = z
  .strictObject({
    url: z
      .string(notUrl)
      .max(2_048, notUrl)
      .refine(isPlainUrl, notUrl)
      .meta({ title: "URL" })
      .describe("Where events are sent. Plain http only with `private: true`."),
    secret: secretReferenceSchema.describe(
      "Reference to what events are signed with: `whsec_` and 24 to 64 bytes in base64.",
    ),
    nextSecret: secretReferenceSchema
      .optional()
      .describe("The secret that takes its place. Present: events carry a signature of each."),
    events: z
      .array(z.enum(webhookEvents, `takes ${webhookEvents.join(", ")}`), "takes a list of events")
      .min(1, "takes at least one event")
      .max(webhookEvents.length)
      .prefault([...webhookEvents])
      .describe("Which events it is told of."),
    private: z
      .boolean("takes true or false")
      .prefault(false)
      .describe("Whether its address may be a private or loopback one. Link-local never is."),
    tenant: tenantIdSchema.prefault("default").describe("Whose approvals it is told of."),
  })
  .refine(({ url, private: isPrivate }) => isPrivate || !url.startsWith("http:"), {
    path: ["url"],
    message: "is plain http, which takes private: true",
  });
export type WebhookConfig = z.output<typeof webhookSchema>;

const notName = "takes a name of lower-case letters, digits and single - or _, such as chat";

/** More would be a bus, which this is not. */
const mostWebhooks = 64;

export const webhooksField = z
  .record(
    z
      .string(notName)
      .max(40, notName)
      .regex(/^[a-z0-9]+(?:[-_][a-z0-9]+)*$/, notName)
      .meta({ title: "name" }),
    webhookSchema,
  )
  .refine(
    (webhooks) => Object.keys(webhooks).length <= mostWebhooks,
    `takes at most ${mostWebhooks} webhooks`,
  )
  .prefault({})
  .describe("Who is told by a signed request that approvals wait or were decided, by name.");

function isPlainUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) return false;
  return url.username === "" && url.password === "" && url.hash === "";
}
