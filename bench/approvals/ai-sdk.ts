import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { asked, definitions, pay, type Payment } from "./payment.ts";
import { loadRuntime, runProgram, type Task } from "./program.ts";

/** What is used of `ai`, as its documentation writes it. */
interface AiSdk {
  tool(definition: object): object;
  generateText(options: object): Promise<{
    readonly content: readonly Part[];
    readonly responseMessages: readonly object[];
  }>;
}

interface Part {
  readonly type: string;
  readonly approvalId?: string;
  readonly isAutomatic?: boolean;
  readonly toolCall?: { readonly input: Payment };
}

interface AiTest {
  readonly MockLanguageModelV4: new (options: object) => object;
}

interface Stored {
  readonly messages: readonly object[];
  readonly approvalId: string;
}

const { tool, generateText } = await loadRuntime<AiSdk>("ai");
const { MockLanguageModelV4 } = await loadRuntime<AiTest>("ai/test");
/** What docs/agents/tool-approvals, "Security Considerations", asks for. */
const secret = process.argv.includes("signed")
  ? "a secret of more than thirty-two bytes"
  : undefined;

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
};

/** Calls the tool once, and closes when it has seen what came of it. */
const model = new MockLanguageModelV4({
  doGenerate: async ({ prompt }: { readonly prompt: readonly { readonly role: string }[] }) =>
    prompt.at(-1)?.role === "tool"
      ? {
          content: [{ type: "text", text: "done" }],
          finishReason: { unified: "stop" },
          usage,
          warnings: [],
        }
      : {
          content: [
            {
              type: "tool-call",
              toolCallId: "call-1",
              toolName: "pay",
              input: JSON.stringify(asked),
            },
          ],
          finishReason: { unified: "tool-calls" },
          usage,
          warnings: [],
        },
});

function generate(task: Task, messages: readonly object[]) {
  const { description, schema } = definitions[task.definition];
  const execute = (payment: Payment) => pay(task.directory, payment);
  return generateText({
    model,
    messages,
    tools: { pay: tool({ description, inputSchema: schema, execute }) },
    toolApproval: { pay: "user-approval" },
    ...(secret === undefined ? {} : { experimental_toolApprovalSecret: secret }),
  });
}

const toFile = (task: Task, name: string) => path.join(task.directory, name);
const read = (task: Task, name: string) =>
  JSON.parse(readFileSync(toFile(task, name), "utf8")) as Stored;
const write = (task: Task, name: string, stored: Stored) =>
  writeFileSync(toFile(task, name), JSON.stringify(stored));

await runProgram(async (task) => {
  switch (task.operation) {
    case "ask": {
      const messages: object[] = [{ role: "user", content: "Pay alice." }];
      const result = await generate(task, messages);
      messages.push(...result.responseMessages);
      const request = result.content.find((part) => part.type === "tool-approval-request");
      if (request?.approvalId === undefined) throw new Error("nothing was asked");
      write(task, "state.json", { messages, approvalId: request.approvalId });
      return request.toolCall?.input;
    }
    case "approve": {
      const { messages, approvalId } = read(task, "state.json");
      const approval = { type: "tool-approval-response", approvalId, approved: true };
      const next = [...messages, { role: "tool", content: [approval] }];
      return write(task, "state.json", { messages: next, approvalId });
    }
    case "resume":
    case "resume unapproved":
    case "resume from before":
      // The state of the runtime is the messages, in whichever process and whenever.
      await generate(task, read(task, "state.json").messages);
  }
});
