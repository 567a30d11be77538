import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { asked, definitions, pay, type Payment } from "./payment.ts";
import { loadRuntime, runProgram, type Task } from "./program.ts";

/** What is used of `@openai/agents`, as its guide on humans in the loop writes it. */
interface Agents {
  readonly Agent: new (options: object) => object;
  readonly Usage: new () => object;
  readonly RunState: { fromString(agent: object, text: string): Promise<RunState> };
  tool(definition: object): object;
  run(agent: object, input: string | RunState): Promise<Result>;
  setTracingDisabled(disabled: boolean): void;
}

interface RunState {
  getInterruptions(): readonly Interruption[];
  approve(interruption: Interruption): void;
  toString(): string;
}

interface Interruption {
  readonly arguments?: string;
}

interface Result {
  readonly interruptions: readonly Interruption[];
  readonly state: RunState;
}

const { Agent, RunState, Usage, run, setTracingDisabled, tool } =
  await loadRuntime<Agents>("@openai/agents");
setTracingDisabled(true);

/** Calls the tool once, and closes when it has seen what came of it. */
const model = {
  getResponse: async ({ input }: { readonly input: string | readonly { type?: string }[] }) => {
    const called = typeof input !== "string" && input.at(-1)?.type === "function_call_result";
    const text = { type: "output_text", text: "done" };
    const call = { type: "function_call", callId: "call-1", name: "pay", status: "completed" };
    return {
      usage: new Usage(),
      output: called
        ? [{ type: "message", role: "assistant", status: "completed", content: [text] }]
        : [{ ...call, arguments: JSON.stringify(asked) }],
    };
  },
  getStreamedResponse: () => {
    throw new Error("nothing is streamed here");
  },
};

function toAgent(task: Task): object {
  const { description, schema } = definitions[task.definition];
  const execute = (payment: Payment) => pay(task.directory, payment);
  const paying = tool({
    name: "pay",
    description,
    parameters: schema,
    needsApproval: true,
    execute,
    // What goes wrong is an error here, and not an answer to the model.
    errorFunction: null,
  });
  return new Agent({ name: "payer", instructions: "Pay.", tools: [paying], model });
}

const toFile = (task: Task) => path.join(task.directory, "state.json");

await runProgram(async (task) => {
  const agent = toAgent(task);
  if (task.operation === "ask") {
    const { interruptions, state } = await run(agent, "Pay alice.");
    writeFileSync(toFile(task), state.toString());
    const shown = interruptions[0]?.arguments;
    if (shown === undefined) throw new Error("nothing was asked");
    return JSON.parse(shown) as Payment;
  }
  const state = await RunState.fromString(agent, readFileSync(toFile(task), "utf8"));
  if (task.operation === "approve") {
    for (const interruption of state.getInterruptions()) state.approve(interruption);
    writeFileSync(toFile(task), state.toString());
  } else {
    await run(agent, state);
  }
  return undefined;
});
