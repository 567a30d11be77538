import { z } from "zod";
import { privateField, shortNameField, urlField } from "./config-field.ts";
import { tenantIdSchema } from "./id.ts";
import { secretReferenceSchema } from "./secret-reference.ts";

/** What happens to approvals and runs that somebody outside may be told of. */
export const webhookEvents = [
  "approval.asked",
  "approval.decided",
  "approval.expired",
  "approval.withdrawn",
  "run.ended",
  "run.stopped",
] as const;
export type WebhookEvent = (typeof webhookEvents)[number];

const webhookSchema = z
  .strictObject({
    url: urlField.describe("Where events are sent. Plain http only with `private: true`."),
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
    private: privateField,
    tenant: tenantIdSchema.prefault("default").describe("Whose approvals and runs it is told of."),
  })
  .refine(({ url, private: isPrivate }) => isPrivate || !url.startsWith("http:"), {
    path: ["url"],
    message: "is plain http, which takes private: true",
  });
export type WebhookConfig = z.output<typeof webhookSchema>;

/** More would be a bus, which this is not. */
const mostWebhooks = 64;

export const webhooksField = z
  .record(shortNameField("chat"), webhookSchema)
  .refine(
    (webhooks) => Object.keys(webhooks).length <= mostWebhooks,
    `takes at most ${mostWebhooks} webhooks`,
  )
  .prefault({})
  .describe("Who is told by a signed request what became of approvals and runs, by name.");
