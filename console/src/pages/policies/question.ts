import { parseStrictJson } from "../../../../src/lib/strict-json.ts";

/** What policy is asked, as `POST /v1/policy/explain` takes it. */
export interface Question {
  readonly as: {
    readonly subject: string;
    readonly kind: "user" | "service";
    readonly roles: readonly string[];
    readonly agent?: string;
  };
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly labels: readonly string[];
  readonly toolset: string;
  readonly at?: string;
  readonly approved: boolean;
}

/** The question as it stands in the fields. */
export interface AskedForm {
  readonly subject: string;
  readonly kind: "user" | "service";
  readonly roles: string;
  readonly agent: string;
  readonly tool: string;
  readonly args: string;
  readonly labels: readonly string[];
  readonly toolset: string;
  readonly at: string;
  readonly approved: boolean;
}

export const emptyForm: AskedForm = {
  subject: "",
  kind: "user",
  roles: "",
  agent: "",
  tool: "",
  args: "{}",
  labels: [],
  toolset: "",
  at: "",
  approved: false,
};

export type ReadQuestion =
  | { readonly kind: "question"; readonly question: Question }
  | { readonly kind: "wrong"; readonly wrong: Readonly<Partial<Record<keyof AskedForm, string>>> };

export function readQuestion(form: AskedForm): ReadQuestion {
  const read = parseStrictJson(form.args.trim() === "" ? "{}" : form.args);
  const at = form.at.trim();
  const wrong = {
    ...(form.subject.trim() === "" && { subject: "Say who asks." }),
    ...(form.tool.trim() === "" && { tool: "Say which tool." }),
    ...(read.kind === "refused" && {
      args: `${read.pointer === "" ? "" : `${read.pointer}: `}${read.reason}`,
    }),
    ...(read.kind === "parsed" && !isObject(read.value) && { args: "Arguments are an object." }),
    ...(at !== "" && Number.isNaN(Date.parse(at)) && { at: "Such as 2026-11-20T10:30:00Z." }),
  };
  if (Object.keys(wrong).length > 0 || read.kind === "refused") return { kind: "wrong", wrong };
  const agent = form.agent.trim();
  const question: Question = {
    as: {
      subject: form.subject.trim(),
      kind: form.kind,
      roles: toNames(form.roles),
      ...(agent === "" ? {} : { agent }),
    },
    tool: form.tool.trim(),
    args: read.value as Readonly<Record<string, unknown>>,
    labels: form.labels,
    toolset: form.toolset,
    ...(at === "" ? {} : { at: new Date(at).toISOString() }),
    approved: form.approved,
  };
  return { kind: "question", question };
}

export function toNames(text: string): readonly string[] {
  return text
    .split(/[\s,]+/)
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

/** What an address says was asked; null where it says nothing that can be. */
export function toForm(asked: unknown): AskedForm | null {
  if (!isObject(asked)) return null;
  const text = (key: string): string => (typeof asked[key] === "string" ? asked[key] : "");
  const { labels } = asked;
  return {
    subject: text("subject"),
    kind: asked["kind"] === "service" ? "service" : "user",
    roles: text("roles"),
    agent: text("agent"),
    tool: text("tool"),
    args: text("args") === "" ? "{}" : text("args"),
    labels: Array.isArray(labels) ? labels.filter((each) => typeof each === "string") : [],
    toolset: text("toolset"),
    at: text("at"),
    approved: asked["approved"] === true,
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
