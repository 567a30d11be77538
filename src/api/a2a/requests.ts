import { z } from "zod";
import type { Params } from "../../mcp/read-message.ts";
import { taskStates } from "./task.ts";
import { refuse, refuseParams } from "./refusals.ts";

/** What clients send, as far as it means something here; the protocol has the rest passed over. */

/** As much as a run takes, over this door or another. */
const longestInput = 1_048_576;
const id = z.string().max(256);
/** Null is what is not set, in JSON of protocol buffers. */
const historyLength = z.int().min(0).nullish();
const tenant = z.literal("", "takes nothing: this interface names no tenant").nullish();

const partSchema = z.object({
  text: z.string().nullish(),
  raw: z.unknown().optional(),
  url: z.unknown().optional(),
  data: z.unknown().optional(),
  mediaType: z.string().max(256).nullish(),
});

const messageSchema = z.object({
  messageId: id.min(1, "takes an id of the sender's"),
  contextId: id.nullish(),
  taskId: id.nullish(),
  role: z.literal("ROLE_USER", "takes ROLE_USER"),
  parts: z.array(partSchema, "takes a list of parts").min(1, "takes at least one part").max(256),
});

const schemas = {
  SendMessage: z.object({
    tenant,
    message: messageSchema,
    configuration: z
      .object({
        acceptedOutputModes: z.array(z.string().max(256)).max(64).nullish(),
        taskPushNotificationConfig: z.unknown().optional(),
        historyLength,
        returnImmediately: z.boolean().nullish(),
      })
      .nullish(),
  }),
  GetTask: z.object({ tenant, id, historyLength }),
  ListTasks: z.object({
    tenant,
    contextId: id.nullish(),
    status: z.enum(taskStates).or(z.literal("TASK_STATE_UNSPECIFIED")).nullish(),
    pageSize: z.int().min(1).max(100).nullish(),
    pageToken: id.nullish(),
    historyLength,
    statusTimestampAfter: z.iso.datetime({ offset: true }).nullish(),
    includeArtifacts: z.boolean().nullish(),
  }),
  /** Of whatever names one task and nothing else. */
  OneTask: z.object({ tenant, id }),
  Nothing: z.object({ tenant }),
} as const;

type Schemas = typeof schemas;
export type Wanted<Name extends keyof Schemas> = z.output<Schemas[Name]>;

export function parseParams<Name extends keyof Schemas>(name: Name, params: Params): Wanted<Name> {
  const parsed = schemas[name].safeParse(params);
  if (parsed.success) return parsed.data as Wanted<Name>;
  const [issue] = parsed.error.issues;
  throw refuseParams(issue?.path.join(".") ?? "", issue?.message ?? "is wrong");
}

/** The parts of a message as one text. */
export function readText(parts: Wanted<"SendMessage">["message"]["parts"], most: number): string {
  const texts = parts.map(({ text, raw, url, data, mediaType }) => {
    const type = mediaType?.split(";", 1)[0]!.trim().toLowerCase() ?? "";
    const hasMore = [raw, url, data].some((each) => each !== undefined && each !== null);
    if (hasMore || typeof text !== "string" || !["", "text/plain"].includes(type))
      throw refuse("CONTENT_TYPE_NOT_SUPPORTED", "Agents here read parts of text/plain only.");
    return text;
  });
  const whole = texts.join("\n");
  const mostHere = Math.min(most, longestInput);
  if (whole === "") throw refuseParams("message.parts", "hold no text");
  if (whole.length > mostHere)
    throw refuseParams("message.parts", `hold more than ${mostHere} characters`);
  return whole;
}

/** Before anything is begun: whoever takes no text gets nothing that it can use. */
export function checkSending({ configuration }: Wanted<"SendMessage">): void {
  const { taskPushNotificationConfig: push, acceptedOutputModes: modes } = configuration ?? {};
  if (push !== undefined && push !== null) throw noPush();
  const isText = (mode: string): boolean => /^\s*(?:text\b|\*\/\*)/i.test(mode);
  if (modes === undefined || modes === null || modes.length === 0 || modes.some(isText)) return;
  throw refuse("CONTENT_TYPE_NOT_SUPPORTED", "Agents here answer with text/plain only.");
}

export function noPush() {
  return refuse(
    "PUSH_NOTIFICATION_NOT_SUPPORTED",
    "Nothing is pushed from here. Stream, subscribe or ask again.",
  );
}
