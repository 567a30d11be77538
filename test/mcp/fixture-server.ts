import { isObject } from "../../src/mcp/read-message.ts";

/**
 * A server of either era for the era table, written from the specification and without an SDK: what it
 * sends is exactly what stands here. Transports give it messages and take what it says.
 */
export type Era = "modern" | "legacy";

export interface Line {
  /** To the client, in the stream of the request that is being answered. */
  readonly notify: (method: string, params: object) => void;
  /** Legacy alone: a request to the client, and its answer. */
  readonly ask: (method: string, params: object) => Promise<Record<string, unknown>>;
  /** To whoever listens to changes. */
  readonly announce: (method: string, params: object) => void;
  readonly signal: AbortSignal;
}

export interface Fixture {
  answer(message: Record<string, unknown>, line: Line): Promise<object>;
}

type Params = Record<string, unknown>;

const tools = [
  {
    name: "echo",
    description: "Says what it is told.",
    inputSchema: {
      type: "object",
      properties: { text: { type: "string" }, times: { type: "integer", default: 1 } },
      required: ["text"],
    },
  },
  ...[
    "elicit",
    "sample",
    "progress",
    "slow",
    "grow",
    "touch",
    "fail",
    "boom",
    "counts",
    "meet",
  ].map((name) => ({
    name,
    description: `The fixture's ${name}.`,
    inputSchema: { type: "object" },
  })),
];

const form = {
  mode: "form",
  message: "Your name?",
  requestedSchema: { type: "object", properties: { name: { type: "string" } }, required: ["name"] },
};
const sampling = {
  messages: [{ role: "user", content: { type: "text", text: "2+2?" } }],
  maxTokens: 10,
};

export function createFixture(era: Era): Fixture {
  const counts: Record<string, number> = { calls: 0, slow: 0, cancelled: 0 };
  let extra = 0;
  const meeting: (() => void)[] = [];

  async function call(params: Params, line: Line): Promise<object> {
    counts["calls"]! += 1;
    const args = (params["arguments"] ?? {}) as Params;
    switch (params["name"]) {
      case "echo":
        return text(`${String(args["text"])} ×${String(args["times"])}`);
      case "elicit":
        return question(
          params,
          line,
          { key: "who", method: "elicitation/create", params: form },
          (given) =>
            text(
              `hello ${String((given["content"] as Params | undefined)?.["name"])} (${String(given["action"])})`,
            ),
        );
      case "sample":
        return question(
          params,
          line,
          { key: "sum", method: "sampling/createMessage", params: sampling },
          (given) => text(`the model says ${String((given["content"] as Params)["text"])}`),
        );
      case "progress": {
        const token = (params["_meta"] as Params)["progressToken"];
        for (const progress of [1, 2, 3])
          line.notify("notifications/progress", { progressToken: token, progress, total: 3 });
        return text("done");
      }
      case "slow":
        counts["slow"]! += 1;
        await new Promise<void>((resolve) =>
          line.signal.addEventListener("abort", () => resolve()),
        );
        counts["cancelled"]! += 1;
        return text("never");
      case "grow":
        extra += 1;
        line.announce("notifications/tools/list_changed", {});
        return text("grown");
      case "touch":
        line.announce("notifications/resources/updated", { uri: "fix://state" });
        return text("touched");
      case "fail":
        return { content: [{ type: "text", text: "the tool failed" }], isError: true };
      case "meet":
        // Two of them end together; one alone waits.
        await new Promise<void>((resolve) => {
          meeting.push(resolve);
          if (meeting.length >= 2) for (const meet of meeting.splice(0)) meet();
        });
        return text("met");
      case "counts":
        return text(JSON.stringify(counts));
      default:
        throw Object.assign(new Error("boom"), { code: -32_050, data: { why: "asked to" } });
    }
  }

  async function question(
    params: Params,
    line: Line,
    asked: { key: string; method: string; params: object },
    use: (given: Params) => object,
  ) {
    if (era === "legacy") return use(await line.ask(asked.method, asked.params));
    const given = (params["inputResponses"] as Params | undefined)?.[asked.key];
    if (given !== undefined) {
      if (params["requestState"] !== "state-of-the-fixture")
        throw Object.assign(new Error("wrong state"), { code: -32_602 });
      return use(given as Params);
    }
    return {
      resultType: "input_required",
      inputRequests: { [asked.key]: { method: asked.method, params: asked.params } },
      requestState: "state-of-the-fixture",
    };
  }

  const capabilities = {
    tools: { listChanged: true },
    prompts: { listChanged: true },
    resources: { listChanged: true, subscribe: true },
    completions: {},
    logging: {},
  };
  const listed = era === "modern" ? { ttlMs: 0, cacheScope: "private" } : {};

  async function result(method: string, params: Params, line: Line): Promise<object> {
    switch (method) {
      case "initialize":
        return {
          protocolVersion: "2025-11-25",
          capabilities,
          serverInfo: { name: "fixture", version: "1" },
        };
      case "server/discover":
        return { supportedVersions: ["2026-07-28"], capabilities, ...listed };
      case "ping":
      case "resources/subscribe":
      case "resources/unsubscribe":
        return {};
      case "tools/list":
        return {
          tools: [
            ...tools,
            ...Array.from({ length: extra }, (_, index) => ({
              name: `extra-${index}`,
              description: "One more.",
              inputSchema: { type: "object" },
            })),
          ],
          ...listed,
        };
      case "prompts/list":
        return { prompts: [{ name: "greet", arguments: [{ name: "who" }] }], ...listed };
      case "prompts/get":
        return {
          messages: [
            {
              role: "user",
              content: {
                type: "text",
                text: `Greet ${String((params["arguments"] as Params)["who"])}`,
              },
            },
          ],
        };
      case "resources/list":
        return { resources: [{ uri: "fix://state", name: "state" }], ...listed };
      case "resources/templates/list":
        return { resourceTemplates: [{ uriTemplate: "fix://item/{id}", name: "item" }], ...listed };
      case "resources/read":
        return {
          contents: [{ uri: params["uri"], text: `content of ${String(params["uri"])}` }],
          ...listed,
        };
      case "completion/complete":
        return { completion: { values: ["world"] } };
      case "tools/call":
        return call(params, line);
      default:
        throw Object.assign(new Error(`no ${method}`), { code: -32_601 });
    }
  }

  return {
    async answer(message, line) {
      const { id, method } = message;
      const params = isObject(message["params"]) ? (message["params"] as Params) : {};
      if (era === "legacy" && method === "server/discover")
        return error(id, -32_601, "Method not found");
      if (era === "modern" && method === "initialize")
        return error(id, -32_601, "Only 2026-07-28 is spoken here");
      try {
        const given = await result(String(method), params, line);
        const complete =
          era === "modern" && !("resultType" in given)
            ? { resultType: "complete", ...given }
            : given;
        return { jsonrpc: "2.0", id, result: complete };
      } catch (thrown) {
        const {
          code,
          message: said,
          data,
        } = thrown as { code?: number; message: string; data?: unknown };
        return error(id, code ?? -32_603, said, data);
      }
    },
  };
}

function text(said: string): object {
  return { content: [{ type: "text", text: said }] };
}

function error(id: unknown, code: number, message: string, data?: unknown): object {
  return { jsonrpc: "2.0", id, error: { code, message, ...(data === undefined ? {} : { data }) } };
}
