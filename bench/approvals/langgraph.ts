import path from "node:path";
import { asked, definitions, pay, type Payment } from "./payment.ts";
import { loadRuntime, runProgram, type Task } from "./program.ts";

/** What is used of `langchain` and `@langchain/langgraph`, as their pages on humans in the loop do. */
interface LangChain {
  createAgent(options: object): Agent;
  humanInTheLoopMiddleware(options: object): object;
  tool(execute: (payment: Payment) => Promise<string>, definition: object): object;
  fakeModel(): FakeModel;
}

interface FakeModel {
  respond(answer: object): FakeModel;
  respondWithTools(calls: readonly object[]): FakeModel;
}

interface Agent {
  invoke(input: object | null, config: object): Promise<Result>;
  readonly graph: { getStateHistory(config: object): AsyncIterable<Snapshot> };
}

interface Result {
  readonly __interrupt__?: readonly {
    readonly value: { readonly actionRequests: readonly { readonly args: Payment }[] };
  }[];
}

interface Snapshot {
  readonly config: object;
  readonly tasks: readonly { readonly interrupts: readonly object[] }[];
}

interface LangGraph {
  readonly Command: new (options: object) => object;
}

interface Messages {
  readonly AIMessage: new (text: string) => object;
}

interface Checkpoints {
  readonly PostgresSaver: { fromConnString(url: string): { setup(): Promise<void> } };
}

const { createAgent, fakeModel, humanInTheLoopMiddleware, tool } =
  await loadRuntime<LangChain>("langchain");
const { Command } = await loadRuntime<LangGraph>("@langchain/langgraph");
const { AIMessage } = await loadRuntime<Messages>("@langchain/core/messages");
const { PostgresSaver } = await loadRuntime<Checkpoints>(
  "@langchain/langgraph-checkpoint-postgres",
);

async function openAgent(task: Task): Promise<Agent> {
  const { description, schema } = definitions[task.definition];
  const paying = tool((payment) => pay(task.directory, payment), {
    name: "pay",
    description,
    schema,
  });
  const checkpointer = PostgresSaver.fromConnString(task.database);
  if (task.operation === "ask") await checkpointer.setup();
  const close = () => new AIMessage("done");
  // Each process has a model of its own: only the first is asked before the tool is called.
  const model =
    task.operation === "ask"
      ? fakeModel().respondWithTools([{ name: "pay", args: asked, id: "call-1" }])
      : fakeModel().respond(close()).respond(close());
  const interruptOn = { pay: { allowedDecisions: ["approve", "reject"] } };
  const middleware = [humanInTheLoopMiddleware({ interruptOn })];
  return createAgent({ model, tools: [paying], middleware, checkpointer });
}

/** The checkpoint of the question, from the history that is kept for going back to it. */
async function findQuestion(agent: Agent, config: object): Promise<object> {
  for await (const snapshot of agent.graph.getStateHistory(config))
    if (snapshot.tasks.some(({ interrupts }) => interrupts.length > 0)) return snapshot.config;
  throw new Error("no checkpoint of the question");
}

await runProgram(async (task) => {
  const agent = await openAgent(task);
  const config = { configurable: { thread_id: path.basename(task.directory) } };
  const approval = new Command({ resume: { decisions: [{ type: "approve" }] } });
  switch (task.operation) {
    case "ask": {
      const messages = [{ role: "user", content: "Pay alice." }];
      const result = await agent.invoke({ messages }, config);
      const shown = result.__interrupt__?.[0]?.value.actionRequests[0]?.args;
      if (shown === undefined) throw new Error("nothing was asked");
      return shown;
    }
    case "approve":
      throw new Error("the approval is what resumes: nothing is stored before");
    case "resume":
      await agent.invoke(approval, config);
      return undefined;
    case "resume unapproved":
      await agent.invoke(null, config);
      return undefined;
    case "resume from before":
      await agent.invoke(approval, await findQuestion(agent, config));
      return undefined;
  }
});
