import { usualContext, type ContextSource } from "../../src/model/agent-context.ts";
import type { Bundle } from "../../src/model/bundle.ts";
import type { RunEvent } from "../../src/model/run-event.ts";
import type { Catalog, CatalogToolset } from "../../src/ports/catalog.ts";
import type { GateAnswer, GateRequest } from "../../src/ports/gate.ts";
import type { ModelRequest } from "../../src/ports/model-backend.ts";
import { catalog as plain } from "../simulation/parts.ts";

const common = { owner: null, budget: 2_000 };
const read = { ...common, freshMs: null, after: [] };

type Of<Kind extends ContextSource["kind"]> = Extract<ContextSource, { kind: Kind }>;

export const text = (name: string, said: string, more: Partial<Of<"text">> = {}): Of<"text"> => ({
  ...common,
  kind: "text",
  name,
  text: said,
  ...more,
});
export const profile = (name = "profile"): Of<"profile"> => ({ ...common, kind: "profile", name });
export const tool = (name: string, more: Partial<Of<"tool">> = {}): Of<"tool"> => ({
  ...read,
  kind: "tool",
  name,
  tool: "t__read",
  args: {},
  from: {},
  ...more,
});
export const resource = (name: string, more: Partial<Of<"resource">> = {}): Of<"resource"> => ({
  ...read,
  kind: "resource",
  name,
  server: "docs",
  uri: "docs://returns",
  ...more,
});
export const prompt = (name: string, more: Partial<Of<"prompt">> = {}): Of<"prompt"> => ({
  ...read,
  kind: "prompt",
  name,
  server: "docs",
  prompt: "tone",
  args: {},
  ...more,
});

export function withSources(...sources: readonly ContextSource[]): Partial<Bundle> {
  return { context: { ...usualContext, sources } };
}

/** With a server of resources and prompts besides, and another one that has the same. */
export function createCatalog(): Catalog {
  const toolset = plain.toolsets.get("")!;
  const more: CatalogToolset = {
    ...toolset,
    servers: ["t", "docs", "evil"],
    resources: new Map([
      ["docs://returns", { uri: "docs://returns", server: "docs", text: "{}" }],
      ["evil://returns", { uri: "evil://returns", server: "evil", text: "{}" }],
    ]),
    templates: [
      {
        template: "docs://orders/{id}",
        server: "docs",
        text: "{}",
        matches: (uri) => uri.startsWith("docs://orders/"),
      },
    ],
    prompts: new Map(
      ["docs", "evil"].map((server) => [
        `${server}__tone`,
        { exposed: `${server}__tone`, server, name: "tone", text: "{}" },
      ]),
    ),
  };
  return { ...plain, toolsets: new Map([["", more]]) };
}

export const said = (value: object): GateAnswer => ({
  kind: "result",
  text: JSON.stringify(value),
  isError: false,
});
export const words = (shown: string): GateAnswer =>
  said({ content: [{ type: "text", text: shown }] });
export const contents = (uri: string, shown: string): GateAnswer =>
  said({ contents: [{ uri, text: shown }] });

export const isSource = ({ run }: GateRequest): boolean => run?.isSource === true;

type Read = Extract<RunEvent, { type: "source.read" }>;
export const readsOf = (events: readonly RunEvent[]): readonly Read[] =>
  events.filter((event) => event.type === "source.read");

/** Texts that a model was shown as sources, by their heading. */
export function shownOf({ messages }: ModelRequest): readonly string[] {
  return messages.flatMap(({ role, text: shown }) =>
    role === "user" && shown.startsWith("Context ") ? [shown] : [],
  );
}
