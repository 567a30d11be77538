import { z } from "zod";
import { moneyField } from "./config-budgets.ts";
import { durationField, privateField, shortNameField, urlField } from "./config-field.ts";
import { tenantIdSchema } from "./id.ts";
import { secretReferenceSchema } from "./secret-reference.ts";
import { attributes, type AttributeName } from "./span-attributes.ts";

/** Why a trace is kept, whatever its share. */
export const keepReasons = ["errors", "denials", "asks", "slow", "expensive"] as const;
export type KeepReason = (typeof keepReasons)[number];

const attributeNames = Object.keys(attributes) as [AttributeName, ...AttributeName[]];
const headerName = "takes names of headers in lower case, such as authorization";
/** What the request itself says. */
const ownHeaders = new Set([
  "host",
  "content-type",
  "content-length",
  "content-encoding",
  "user-agent",
  "connection",
  "keep-alive",
  "transfer-encoding",
  "expect",
  "upgrade",
]);

const keepSchema = z
  .strictObject({
    always: z
      .array(z.enum(keepReasons, `takes ${keepReasons.join(", ")}`), "takes a list of reasons")
      .max(keepReasons.length)
      .prefault([...keepReasons])
      .describe("A trace that shows one of these is kept, whatever `share` says."),
    share: z
      .number("takes a number from 0 to 1")
      .min(0, "takes a number from 0 to 1")
      .max(1, "takes a number from 0 to 1")
      .prefault(1)
      .describe(
        "Which share of the others is kept. Each destination with one share keeps the same.",
      ),
    slow: durationField({ min: "1ms", max: "24h" })
      .prefault("30s")
      .describe("A call or an answer of a model that takes as long is slow. Waits do not count."),
    expensive: moneyField
      .prefault("0.50")
      .describe("What a trace's models cost together for it to be expensive."),
  })
  .prefault({})
  .describe("Which traces are sent.");

const headersField = z
  .record(
    z
      .string()
      .regex(/^[a-z0-9-]{1,64}$/, headerName)
      .refine((name) => !ownHeaders.has(name), "is said by the request itself"),
    secretReferenceSchema,
  )
  .refine((headers) => Object.keys(headers).length <= 16, "takes at most 16 headers")
  .prefault({})
  .describe("Headers of each request, by references to their values.");

const plainHttp = { path: ["url"], message: "is plain http, which takes private: true" };

function isGuarded(given: { readonly url: string; readonly private: boolean }): boolean {
  return given.private || !given.url.startsWith("http:");
}

const traceDestinationSchema = z
  .strictObject({
    url: urlField.describe(
      "Where traces are sent by OTLP/HTTP, path and all, such as https://otel.example.com/v1/traces.",
    ),
    headers: headersField,
    private: privateField,
    tenant: tenantIdSchema.prefault("default").describe("Whose traces it is sent."),
    content: z
      .enum(["none", "redacted"], "takes none or redacted")
      .prefault("none")
      .describe(
        "`redacted`: also what was said to agents, by models and by tools, without known secrets and cut at 16 KiB each. Reasoning is never sent.",
      ),
    keep: keepSchema,
    drop: z
      .array(z.enum(attributeNames, "takes names of attributes that spans have"), "takes a list")
      .max(attributeNames.length)
      .prefault([])
      .describe("Attributes that it is not sent, such as user.id."),
  })
  .refine(isGuarded, plainHttp);
export type TraceDestinationConfig = z.output<typeof traceDestinationSchema>;

interface DestinationOptions {
  readonly what: "metrics" | "logs";
  readonly interval: ReturnType<typeof durationField>;
  readonly every: string;
  /** How often. */
  readonly usual: string;
}

/** Of what is about this system and no tenant's own. */
function toDestinationSchema({ what, interval, every, usual }: DestinationOptions) {
  return z
    .strictObject({
      url: urlField.describe(
        `Where ${what} are sent by OTLP/HTTP, path and all, such as https://otel.example.com/v1/${what}.`,
      ),
      headers: headersField,
      private: privateField,
      interval: interval.prefault(usual).describe(every),
    })
    .refine(isGuarded, plainHttp);
}

const metricsDestinationSchema = toDestinationSchema({
  what: "metrics",
  interval: durationField({ min: "1s", max: "1h" }),
  every: "How often all metrics are sent.",
  usual: "60s",
});
const logsDestinationSchema = toDestinationSchema({
  what: "logs",
  interval: durationField({ min: "100ms", max: "1m" }),
  every: "How long a line waits for others at most. Many do not wait.",
  usual: "1s",
});
export type PlainDestinationConfig = z.output<typeof metricsDestinationSchema>;

/** Each is sent everything: more of them are a collector's work. */
const mostDestinations = 8;

function destinationsField<Schema extends z.ZodType>(schema: Schema, such: string) {
  return z
    .record(shortNameField(such), schema)
    .refine(
      (destinations) => Object.keys(destinations).length <= mostDestinations,
      `takes at most ${mostDestinations} destinations`,
    )
    .prefault({});
}

/** Which calls of tools have a line in the log. */
const callsField = z
  .enum(["all", "errors", "none"], "takes all, errors or none")
  .prefault("all")
  .describe(
    "Which calls of tools have a line in the log, at level info: `errors` are those that were not answered, or with an error. No argument and no result is in it.",
  );

export const telemetryField = z
  .strictObject({
    traces: z
      .strictObject({
        destinations: destinationsField(traceDestinationSchema, "phoenix").describe(
          "Who is sent traces, by name. A new one is sent what happens from then on.",
        ),
      })
      .prefault({})
      .describe("Traces of runs, calls and answers of models."),
    metrics: z
      .strictObject({
        destinations: destinationsField(metricsDestinationSchema, "collector").describe(
          "Who is sent what /metrics says, by name.",
        ),
      })
      .prefault({})
      .describe("Metrics, for those who do not scrape them."),
    logs: z
      .strictObject({
        destinations: destinationsField(logsDestinationSchema, "collector").describe(
          "Who is sent the lines that are written to stderr, by name.",
        ),
      })
      .prefault({})
      .describe("Log lines, for those who do not read them from stderr."),
    calls: callsField,
  })
  .prefault({})
  .describe("What is told to systems that watch this one.");
