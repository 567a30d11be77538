import { z } from "zod";
import { Fault } from "../../model/index.ts";
import { parseBody } from "../parse-body.ts";
import type { Known } from "./stretch.ts";

/** What a front-end asks for, read: whoever goes on with it need not know the protocol's shape. */
export interface AgUiInput {
  readonly threadId: string;
  readonly runId: string;
  /** The user's last one. */
  readonly message: UserMessage | null;
  /** The user's one before it. */
  readonly messageBefore: string | null;
  /** Before the last one, as the front-end tells it. */
  readonly earlier: readonly { readonly role: string; readonly text: string }[];
  readonly context: readonly { readonly description: string; readonly value: string }[];
  readonly resume: readonly ResumeEntry[];
  readonly known: Known;
}

export interface UserMessage {
  readonly id: string;
  readonly text: string;
  /** Kinds of its parts that are no text. */
  readonly others: readonly string[];
  /** Nobody has answered it yet, as far as the front-end knows. */
  readonly isLast: boolean;
}

export type ResumeEntry = z.output<typeof resumeField>;

const nameField = z.string().min(1).max(256);
const resumeField = z.looseObject({
  interruptId: nameField,
  status: z.enum(["resolved", "cancelled"]),
  payload: z.unknown().optional(),
});
const messageField = z.looseObject({
  id: nameField,
  role: z.string().min(1).max(32),
  content: z.unknown().optional(),
  toolCalls: z
    .array(z.looseObject({ id: z.string(), function: z.looseObject({ arguments: z.string() }) }))
    .max(1_000)
    .nullish(),
});
/** Fields that nobody here knows are the protocol's to add: they are let through, and mean nothing. */
const inputSchema = z.looseObject({
  threadId: nameField,
  runId: nameField,
  protocolVersion: z
    .string()
    .regex(/^[01]\.\d/, "takes 1.0")
    .nullish(),
  messages: z.array(messageField).max(10_000),
  tools: z.array(z.looseObject({ name: z.string() })).nullish(),
  context: z
    .array(z.looseObject({ description: z.string(), value: z.string() }))
    .max(100)
    .nullish(),
  state: z.unknown().optional(),
  forwardedProps: z.unknown().optional(),
  resume: z.array(resumeField).max(100).nullish(),
});
type Message = z.output<typeof messageField>;

/** What the front-end says goes on in the conversation; the rest is the client's own, or a tool's. */
const speaking: ReadonlySet<string> = new Set(["user", "assistant", "system", "developer"]);
const answering: ReadonlySet<string> = new Set(["assistant", "tool"]);

export function readInput(text: string): AgUiInput {
  const given = parseBody(inputSchema, text);
  refuseTools(given.tools ?? []);
  refuseUnlessEmpty("state", given.state);
  refuseUnlessEmpty("forwardedProps", given.forwardedProps);
  const { threadId, runId, messages } = given;
  const at = messages.findLastIndex(({ role }) => role === "user");
  const before = messages.slice(0, Math.max(at, 0));
  const isLast = !messages.slice(at + 1).some(({ role }) => answering.has(role));
  const last = at < 0 ? null : messages[at]!;
  return {
    threadId,
    runId,
    message: last === null ? null : { id: last.id, ...readContent(last), isLast },
    messageBefore: before.findLast(({ role }) => role === "user")?.id ?? null,
    earlier: before
      .filter(({ role }) => speaking.has(role))
      .map((message) => ({ role: message.role, text: readContent(message).text }))
      .filter(({ text: said }) => said !== ""),
    context: (given.context ?? []).map(({ description, value }) => ({ description, value })),
    resume: given.resume ?? [],
    known: readKnown(messages),
  };
}

/** What an agent may call is in its bundle, pinned and judged: a page adds nothing to it. */
function refuseTools(tools: readonly { readonly name: string }[]): void {
  if (tools.length === 0) return;
  const names = tools.slice(0, 20).map(({ name }) => name.slice(0, 100));
  throw new Fault(
    "request_invalid",
    `body tools: An agent here has the tools of its bundle, and none of the front-end's: ${names.join(", ")}.`,
    { details: { tools: names } },
  );
}

/** Left out without a word, whoever sent it would believe that the agent knows it. */
function refuseUnlessEmpty(field: string, value: unknown): void {
  if (value === undefined || value === null) return;
  if (typeof value === "object" && Object.keys(value).length === 0) return;
  throw new Fault(
    "request_invalid",
    `body ${field}: No agent here reads it. Send it empty, or say it in the message or in context.`,
  );
}

const partsSchema = z.array(z.looseObject({ type: z.string(), text: z.string().optional() }));

function readContent({ content }: Message): Pick<UserMessage, "text" | "others"> {
  if (typeof content === "string") return { text: content, others: [] };
  const parts = partsSchema.safeParse(content).data ?? [];
  const said = parts.flatMap(({ type, text }) => (type === "text" && text ? [text] : []));
  const others = parts.flatMap(({ type }) => (type === "text" ? [] : [type.slice(0, 32)]));
  return { text: said.join("\n"), others };
}

/** Only what came whole: a stream that dropped may have left the beginning of something. */
function readKnown(messages: readonly Message[]): Known {
  const whole = (role: string) =>
    messages.filter((message) => message.role === role && readContent(message).text !== "");
  const calls = messages.flatMap(({ toolCalls }) => toolCalls ?? []);
  return {
    texts: new Set(whole("assistant").map(({ id }) => id)),
    calls: new Set(calls.filter((call) => call.function.arguments !== "").map(({ id }) => id)),
    results: new Set(messages.filter(({ role }) => role === "tool").map(({ id }) => id)),
  };
}
