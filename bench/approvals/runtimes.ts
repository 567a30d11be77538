import { spawn } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import pg from "pg";
import type { Case, Contestant, Resuming } from "./contestant.ts";
import { asked, wanted, type Payment } from "./payment.ts";
import type { Done, Task } from "./program.ts";

/** The runtimes that npm has, each with the state where its documentation puts it. */
export function toRuntimes(database: string): readonly Contestant[] {
  const agents = "@openai/agents";
  return [
    toFiled({ name: "AI SDK", version: toVersion("ai"), argv: ["ai-sdk.ts"] }),
    toFiled({
      name: "AI SDK, approvals signed",
      version: toVersion("ai"),
      argv: ["ai-sdk.ts", "signed"],
    }),
    toFiled({ name: "OpenAI Agents JS", version: toVersion(agents), argv: ["openai-agents.ts"] }),
    toGraph(database),
  ];
}

export function toVersion(name: string): string {
  const file = path.join(import.meta.dirname, "node_modules", name, "package.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

interface Program {
  readonly name: string;
  readonly version: string;
  readonly argv: readonly [string, ...string[]];
}

/** State is a text that the application stores: here in a file. */
function toFiled({ name, version, argv }: Program): Contestant {
  return {
    name,
    version,
    close: async () => {},
    async open(directory) {
      const state = path.join(directory, "state.json");
      const before = path.join(directory, "before.json");
      const start = toStart(argv, { directory, database: "" });
      const approve = () => toRefusal(start("approve"));
      return {
        async ask() {
          const shown = await toShown(start("ask"));
          copyFileSync(state, before);
          return shown;
        },
        approve,
        ...toResumes(start),
        async resumeFromBefore() {
          copyFileSync(before, state);
          return (await approve()) ?? toRefusal(start("resume"));
        },
        async tamper() {
          writeFileSync(state, toTampered(readFileSync(state, "utf8")));
        },
        // Who holds the state approves with it: the call is the same, and needs nothing else.
        approveAsRequester: async () => (await approve()) ?? toRefusal(start("resume")),
        close: async () => {},
      };
    },
  };
}

/** State is in the checkpointer; the approval is the command that resumes. */
function toGraph(database: string): Contestant {
  const langgraph = toVersion("@langchain/langgraph");
  return {
    name: "LangGraph JS",
    version: `${langgraph}, langchain ${toVersion("langchain")}`,
    close: async () => {},
    async open(directory) {
      const start = toStart(["langgraph.ts"], { directory, database });
      return {
        ask: () => toShown(start("ask")),
        // Nothing is stored: the decision waits in the application until it resumes.
        approve: async () => null,
        ...toResumes(start),
        resumeFromBefore: () => toRefusal(start("resume from before")),
        tamper: () => tamperCheckpoints(database, path.basename(directory)),
        approveAsRequester: () => toRefusal(start("resume")),
        close: async () => {},
      };
    },
  };
}

type Start = (operation: Task["operation"], how?: Resuming) => Started;

/** A process that is loaded, and does what it is for when it is told. */
interface Started {
  readonly loaded: Promise<void>;
  go(): Promise<Done>;
}

function toStart(
  argv: readonly [string, ...string[]],
  where: { readonly directory: string; readonly database: string },
): Start {
  const [file, ...rest] = argv;
  return (operation, { definition = "asked", laterMs = 0 } = {}) => {
    const [clock, program] = ["move-clock.ts", file].map((name) =>
      path.join(import.meta.dirname, name),
    );
    const child = spawn(process.execPath, ["--import", clock!, program!, ...rest], {
      env: { ...process.env, BENCH_LATER_MS: String(laterMs) },
      stdio: ["pipe", "pipe", "inherit"],
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async (): Promise<string> => {
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`${file} ended before it answered ${operation}`);
      return value;
    };
    const loaded = next().then(() => {});
    return {
      loaded,
      async go() {
        await loaded;
        const task: Task = { operation, definition, ...where };
        child.stdin.end(`${JSON.stringify(task)}\n`);
        return JSON.parse(await next()) as Done;
      },
    };
  };
}

function toResumes(start: Start): Pick<Case, "resume" | "resumeUnapproved" | "resumeTwiceAtOnce"> {
  return {
    resume: (how) => toRefusal(start("resume", how)),
    resumeUnapproved: () => toRefusal(start("resume unapproved")),
    async resumeTwiceAtOnce() {
      const both = [start("resume"), start("resume")];
      await Promise.all(both.map(({ loaded }) => loaded));
      return Promise.all(both.map(toRefusal));
    },
  };
}

async function toShown(started: Started): Promise<Payment> {
  const done = await started.go();
  if ("shown" in done) return done.shown;
  throw new Error(`nothing was asked: ${done.refused}`);
}

async function toRefusal(started: Started): Promise<string | null> {
  const done = await started.go();
  return "refused" in done ? done.refused : null;
}

/** The amount, wherever it stands: in arguments, and in whatever is kept beside them. */
function toTampered(text: string): string {
  const tampered = text.replaceAll(String(asked.cents), String(wanted));
  if (tampered === text) throw new Error("the arguments are not in what is stored");
  return tampered;
}

/** The same, in each row of the thread that the checkpointer has. */
async function tamperCheckpoints(database: string, thread: string): Promise<void> {
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  try {
    const values = [thread, String(asked.cents), String(wanted)];
    const inBytes = (table: string): string =>
      `update ${table} set blob = convert_to(replace(convert_from(blob, 'UTF8'), $2::text, $3::text), 'UTF8')
       where thread_id = $1 and position(convert_to($2::text, 'UTF8') in blob) > 0`;
    const blobs = await client.query(inBytes("checkpoint_blobs"), values);
    const writes = await client.query(inBytes("checkpoint_writes"), values);
    await client.query(
      `update checkpoints set checkpoint = replace(checkpoint::text, $2::text, $3::text)::jsonb
       where thread_id = $1`,
      values,
    );
    if (!blobs.rowCount && !writes.rowCount) throw new Error("the arguments are not stored");
  } finally {
    await client.end();
  }
}
