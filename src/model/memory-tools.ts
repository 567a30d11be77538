/** The server of our own that offers a memory as tools. */
export const memoryServer = "memory";

export interface MemoryTool {
  readonly name: "remember" | "recall" | "forget";
  readonly description: string;
  readonly inputSchema: Readonly<Record<string, unknown>>;
}

const key = {
  type: "string",
  description: "Short name of the memory, such as favourite-seat. The same key is the same memory.",
  minLength: 1,
  maxLength: 128,
};

interface Members {
  readonly properties: Readonly<Record<string, unknown>>;
  readonly required: readonly string[];
}

function toTool(
  name: MemoryTool["name"],
  description: string,
  { properties, required }: Members,
): MemoryTool {
  const inputSchema = { type: "object", properties, required, additionalProperties: false };
  return Object.freeze({ name, description, inputSchema });
}

/** Word for word as models read them: a change of any of them is another pin for whoever uses it. */
export const memoryTools: readonly MemoryTool[] = Object.freeze([
  toTool(
    "remember",
    "Keeps a text for later runs, under a key. What stood under the key is replaced.",
    {
      required: ["key", "text"],
      properties: {
        key,
        text: {
          type: "string",
          description: "What to keep, understandable by itself.",
          minLength: 1,
          maxLength: 8_000,
        },
        source: {
          type: "string",
          description: "Where it is from: a URL, a file, an id.",
          minLength: 1,
          maxLength: 128,
        },
        version: {
          type: "string",
          description:
            "Which version of the source it was taken from: its date, etag or digest. Memories of other versions of that source are shown as outdated from then on.",
          minLength: 1,
          maxLength: 128,
        },
      },
    },
  ),
  toTool(
    "recall",
    "Finds what was kept that fits a query best, by words, by spelling and by likeness, with its age and what is known of its freshness.",
    {
      required: ["query"],
      properties: {
        query: {
          type: "string",
          description: "What is looked for, in a few words.",
          minLength: 1,
          maxLength: 1_000,
        },
        limit: {
          type: "integer",
          description: "Most memories that are wanted. Absent: 5.",
          minimum: 1,
          maximum: 20,
        },
      },
    },
  ),
  toTool("forget", "Removes the memory under a key for good.", {
    required: ["key"],
    properties: { key },
  }),
]);
