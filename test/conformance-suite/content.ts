/** What the official conformance suite asks a server to have, as data and plain functions. */
type Json = Record<string, unknown>;

export const png =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
const wav = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=";

const text = (said: string): Json => ({ type: "text", text: said });
const says = (...content: readonly Json[]): Json => ({ content });
const form = (
  message: string,
  properties: Json,
  required: readonly string[] = Object.keys(properties),
): Json => ({
  message,
  requestedSchema: { type: "object", properties, required },
});
const string = { type: "string" };

/** Tools that answer at once. */
export const plainTools: Readonly<Record<string, () => Json>> = {
  test_simple_text: () => says(text("This is a simple text response for testing.")),
  test_image_content: () => says({ type: "image", data: png, mimeType: "image/png" }),
  test_audio_content: () => says({ type: "audio", data: wav, mimeType: "audio/wav" }),
  test_embedded_resource: () =>
    says({
      type: "resource",
      resource: {
        uri: "test://embedded-resource",
        mimeType: "text/plain",
        text: "This is an embedded resource content.",
      },
    }),
  test_multiple_content_types: () =>
    says(
      text("Multiple content types test:"),
      { type: "image", data: png, mimeType: "image/png" },
      {
        type: "resource",
        resource: {
          uri: "test://mixed-content-resource",
          mimeType: "application/json",
          text: '{"test":"data","value":123}',
        },
      },
    ),
  test_error_handling: () => ({
    isError: true,
    ...says(text("This tool intentionally returns an error for testing")),
  }),
};

const name = form("What is your name?", { name: string });
const sample = (question: string, maxTokens: number): Json => ({
  messages: [{ role: "user", content: text(question) }],
  maxTokens,
});
const elicit = (params: Json): Json => ({ method: "elicitation/create", params });
const ask = (question: string, maxTokens: number): Json => ({
  method: "sampling/createMessage",
  params: sample(question, maxTokens),
});
const roots: Json = { method: "roots/list", params: {} };

/** What a tool or prompt of the modern set asks in each round, and what it says at the end. */
export interface Rounds {
  readonly rounds: readonly Json[];
  readonly hasState: boolean;
  readonly end: (answers: Json) => Json;
}

const greet = (answers: Json): Json => {
  const given = answers["user_name"] as { content?: { name?: string } };
  return says(text(`Hello, ${given.content?.name ?? "you"}!`));
};

export const rounds: Readonly<Record<string, Rounds>> = {
  test_input_required_result_elicitation: {
    rounds: [{ user_name: elicit(name) }],
    hasState: false,
    end: greet,
  },
  test_input_required_result_sampling: {
    rounds: [{ capital_question: ask("What is the capital of France?", 100) }],
    hasState: false,
    end: (answers) => says(text(JSON.stringify(answers["capital_question"]))),
  },
  test_input_required_result_list_roots: {
    rounds: [{ client_roots: roots }],
    hasState: false,
    end: (answers) => says(text(JSON.stringify(answers["client_roots"]))),
  },
  test_input_required_result_request_state: {
    rounds: [{ confirm: elicit(form("Please confirm", { ok: { type: "boolean" } })) }],
    hasState: true,
    end: () => says(text("state-ok")),
  },
  test_input_required_result_multiple_inputs: {
    rounds: [
      { user_name: elicit(name), greeting: ask("Generate a greeting", 50), client_roots: roots },
    ],
    hasState: true,
    end: greet,
  },
  test_input_required_result_multi_round: {
    rounds: [
      { step1: elicit(form("Step 1: What is your name?", { name: string })) },
      { step2: elicit(form("Step 2: What is your favorite color?", { color: string })) },
    ],
    hasState: true,
    end: (answers) => says(text(`done with ${JSON.stringify(answers)}`)),
  },
  test_input_required_result_tampered_state: {
    rounds: [{ confirm: elicit(form("Please confirm", { ok: { type: "boolean" } })) }],
    hasState: true,
    end: () => says(text("untouched")),
  },
  test_input_required_result_capabilities: {
    rounds: [
      { user_name: elicit(name), greeting: ask("Generate a greeting", 50), client_roots: roots },
    ],
    hasState: false,
    end: () => says(text("asked what could be asked")),
  },
  test_input_required_result_prompt: {
    rounds: [
      { user_context: elicit(form("What context should the prompt use?", { context: string })) },
    ],
    hasState: false,
    end: (answers) => ({
      messages: [
        { role: "user", content: text(`Context: ${JSON.stringify(answers["user_context"])}`) },
      ],
    }),
  },
};

const options = ["option1", "option2", "option3"];
const titled = (values: readonly string[], word: string) =>
  values.map((value, index) => ({
    const: value,
    title: `${["First", "Second", "Third"][index]} ${word}`,
  }));
const values = ["value1", "value2", "value3"];

/** What a tool of the legacy set asks in the middle of its call. */
export const legacyAsks: Readonly<
  Record<string, { readonly method: string; readonly params: (args: Json) => Json }>
> = {
  test_sampling: {
    method: "sampling/createMessage",
    params: (args) => sample(String(args["prompt"]), 100),
  },
  test_elicitation: {
    method: "elicitation/create",
    params: (args) =>
      form(String(args["message"]), {
        username: { ...string, description: "User's response" },
        email: { ...string, description: "User's email" },
      }),
  },
  test_elicitation_sep1034_defaults: {
    method: "elicitation/create",
    params: () =>
      form(
        "Please review",
        {
          name: { ...string, default: "John Doe" },
          age: { type: "integer", default: 30 },
          score: { type: "number", default: 95.5 },
          status: { ...string, enum: ["active", "inactive", "pending"], default: "active" },
          verified: { type: "boolean", default: true },
        },
        [],
      ),
  },
  test_elicitation_sep1330_enums: {
    method: "elicitation/create",
    params: () =>
      form(
        "Please choose",
        {
          untitledSingle: { ...string, enum: options },
          titledSingle: { ...string, oneOf: titled(values, "Option") },
          legacyEnum: {
            ...string,
            enum: ["opt1", "opt2", "opt3"],
            enumNames: ["Option One", "Option Two", "Option Three"],
          },
          untitledMulti: { type: "array", items: { ...string, enum: options } },
          titledMulti: { type: "array", items: { anyOf: titled(values, "Choice") } },
        },
        [],
      ),
  },
};

export const prompts: Readonly<
  Record<
    string,
    { readonly arguments?: readonly Json[]; readonly get: (args: Json) => readonly Json[] }
  >
> = {
  test_simple_prompt: { get: () => [text("This is a simple prompt for testing.")] },
  test_prompt_with_arguments: {
    arguments: ["arg1", "arg2"].map((each) => ({
      name: each,
      description: `The ${each}`,
      required: true,
    })),
    get: (args) => [
      text(`Prompt with arguments: arg1='${String(args["arg1"])}', arg2='${String(args["arg2"])}'`),
    ],
  },
  test_prompt_with_embedded_resource: {
    arguments: [{ name: "resourceUri", description: "What to embed", required: true }],
    get: (args) => [
      {
        type: "resource",
        resource: {
          uri: args["resourceUri"],
          mimeType: "text/plain",
          text: "Embedded resource content for testing.",
        },
      },
      text("Please process the embedded resource above."),
    ],
  },
  test_prompt_with_image: {
    get: () => [
      { type: "image", data: png, mimeType: "image/png" },
      text("Please analyze the image above."),
    ],
  },
};

export const resources: readonly Json[] = [
  {
    uri: "test://static-text",
    name: "static text",
    description: "A text that stays.",
    mimeType: "text/plain",
  },
  {
    uri: "test://static-binary",
    name: "static binary",
    description: "A picture that stays.",
    mimeType: "image/png",
  },
  {
    uri: "test://watched-resource",
    name: "watched",
    description: "To subscribe to.",
    mimeType: "text/plain",
  },
];

/** Null for what is not there. */
export function readResource(uri: string): Json | null {
  const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
  if (id !== undefined) {
    return {
      uri,
      mimeType: "application/json",
      text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
    };
  }
  if (uri === "test://static-text")
    return {
      uri,
      mimeType: "text/plain",
      text: "This is the content of the static text resource.",
    };
  if (uri === "test://static-binary") return { uri, mimeType: "image/png", blob: png };
  if (uri === "test://watched-resource")
    return { uri, mimeType: "text/plain", text: "Watched resource content" };
  return null;
}
