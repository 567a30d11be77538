/** An event of a run as the product gives it, with the text that it names. */
export interface ToldEvent {
  readonly type: string;
  readonly contents?: Readonly<Record<string, string | null>>;
  readonly [member: string]: unknown;
}

/** Says the events of one run, in order, as lines that a person reads. */
export function createTelling() {
  /** What each call calls, by its place. */
  const tools = new Map<string, string>();
  return (event: ToldEvent): readonly string[] => {
    if (event.type === "model.responded") {
      const { step, calls } = event as unknown as Responded;
      for (const [ordinal, { tool }] of calls.entries()) tools.set(`${step}/${ordinal}`, tool);
    }
    return toLines(event, (step, ordinal) => tools.get(`${String(step)}/${String(ordinal)}`) ?? "");
  };
}

interface Responded {
  readonly step: number;
  readonly stop?: string | null;
  readonly calls: readonly { readonly tool: string }[];
}

function toLines(
  event: ToldEvent,
  toolOf: (step: unknown, ordinal: unknown) => string,
): readonly string[] {
  switch (event.type) {
    case "run.created":
      return [toLine("asked", readText(event))];
    case "model.responded":
      // Its last word comes again, with how the run ended.
      return readText(event) === "" || isLast(event) ? [] : [toLine("agent", readText(event))];
    case "model.failed":
      return [toLine("model", `did not answer (${String(event["code"])})`)];
    case "call.ended":
      return [toLine("call", toCall(toolOf(event["step"], event["ordinal"]), event))];
    case "fact.read":
      return [toLine("facts", toFact(event))];
    case "approval.decided":
      return [toLine("person", `${String(event["outcome"])} it`)];
    case "run.paused":
    case "run.resumed":
    case "run.cancelled":
      return [toLine("run", `${event.type.slice("run.".length)} by ${String(event["by"])}`)];
    case "run.stopped":
      return [toLine("run", `stopped (${String(event["reason"])}): ${String(event["detail"])}`)];
    case "run.parked":
      return [toLine("run", `parked: ${String(event["reason"])}`)];
    case "run.failed":
      return [toLine("run", `failed (${String(event["code"])}): ${String(event["detail"])}`)];
    case "run.partly_completed":
      return [toLine("partly", readText(event))];
    case "run.completed":
      return [toLine("done", readText(event))];
    default:
      return [];
  }
}

function toFact({ key, was, value }: ToldEvent): string {
  const now =
    value === null ? "is not there any more" : value === was ? "is the same" : "has changed";
  return `${String(key)} was read again: it ${now}`;
}

function isLast(event: ToldEvent): boolean {
  const { calls, stop } = event as unknown as Responded;
  return calls.length === 0 && stop === "ended";
}

function toCall(tool: string, event: ToldEvent): string {
  const { outcome } = event;
  return outcome === "answered"
    ? `${tool}: done`
    : `${tool}: ${String(outcome)}. ${readText(event)}`;
}

export function toLine(word: string, text: string): string {
  return `  ${word.padEnd(7)} ${toInert(text)}`;
}

const longest = 500;

/** What came from elsewhere obeys nothing in a terminal, and stays on its line. */
export function toInert(text: string): string {
  const shown = text
    .replaceAll(/\s+/gu, " ")
    .replaceAll(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu, "\u{fffd}")
    .trim();
  return shown.length <= longest ? shown : `${shown.slice(0, longest).toWellFormed()} …`;
}

/** Empty where it is gone, or too long to be sent along. */
function readText({ contents }: ToldEvent): string {
  const [content] = Object.values(contents ?? {});
  if (typeof content !== "string") return "";
  const { text } = JSON.parse(content) as { readonly text?: unknown };
  return typeof text === "string" ? text : "";
}
