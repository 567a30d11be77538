/**
 * The tools of a workbench, word for word as models read them. A change of any of them is another pin for
 * whoever uses it, and another version.
 */
export const workbenchVersion = "1";

export interface WorkbenchTool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: Readonly<Record<string, unknown>>;
}

/** As a command line takes it: one argument of a program has 128 KiB at most, in UTF-8. */
const longestCode = 30_000;
/** As long as any path may be. */
const longestPath = 512;
/** Written by one call. */
const longestText = 1_048_576;
const longestInput = 262_144;

const pathProperty = {
  type: "string",
  description: "Path in the workspace: relative, with /, such as src/main.py.",
  minLength: 1,
  maxLength: longestPath,
};
const secondsProperty = {
  type: "integer",
  description: "Seconds after which it is ended. Absent: as long as the call may take.",
  minimum: 1,
  maximum: 3_600,
};
const toCode = (description: string) => ({
  type: "string",
  description,
  minLength: 1,
  maxLength: longestCode,
});

interface Arguments {
  readonly [name: string]: unknown;
}

/** What a tool takes, and nothing else. */
const toSchema = (properties: Arguments, ...required: readonly string[]) => ({
  type: "object",
  properties,
  required,
  additionalProperties: false,
});

const toText = (description: string) => ({ type: "string", description, maxLength: longestText });

const where =
  "It starts in the workspace, with all its files; what it writes, changes or removes there is kept for the calls after it. Anything else that it leaves is gone, and so are its processes.";

export const workbenchTools = [
  {
    name: "run_code",
    description: `Runs a program in JavaScript (Node.js) or Python 3 in a sandbox of its own, and answers what it printed and how it ended. ${where} A longer program: write it to a file, then run that with bash.`,
    inputSchema: toSchema(
      {
        language: { type: "string", enum: ["javascript", "python"] },
        code: toCode("The whole program. Print what you want to see."),
        timeout_seconds: secondsProperty,
      },
      "language",
      "code",
    ),
  },
  {
    name: "bash",
    description: `Runs a command line with bash in a sandbox of its own, and answers what it printed and how it ended. ${where}`,
    inputSchema: toSchema(
      { command: toCode("As after bash -c."), timeout_seconds: secondsProperty },
      "command",
    ),
  },
  {
    name: "read_file",
    description:
      "Reads a text file of the workspace: 65,536 bytes of it at most. The answer says how many there are and where the next part begins.",
    inputSchema: toSchema(
      {
        path: pathProperty,
        offset: {
          type: "integer",
          description: "First byte that is wanted, from 0. Absent: 0.",
          minimum: 0,
        },
        limit: {
          type: "integer",
          description: "Bytes that are wanted. Absent: 65536.",
          minimum: 1,
          maximum: 65_536,
        },
      },
      "path",
    ),
  },
  {
    name: "write_file",
    description:
      "Writes a text file into the workspace, and its folders with it. What was there before is replaced.",
    inputSchema: toSchema(
      { path: pathProperty, text: toText("The whole content.") },
      "path",
      "text",
    ),
  },
  {
    name: "edit_file",
    description:
      "Replaces one passage of a text file of the workspace. The passage has to stand there exactly once.",
    inputSchema: toSchema(
      {
        path: pathProperty,
        old: { ...toText("What stands there now, to the letter."), minLength: 1 },
        new: toText("What is to stand there instead."),
      },
      "path",
      "old",
      "new",
    ),
  },
  {
    name: "remove_file",
    description: "Removes a file from the workspace.",
    inputSchema: toSchema({ path: pathProperty }, "path"),
  },
  {
    name: "list_files",
    description: "Lists the files of the workspace with their sizes.",
    inputSchema: toSchema({}),
  },
  {
    name: "compute",
    description:
      "Computes with JavaScript alone: no files, no network, no modules, no timers. It answers what the program prints with console.log, then the value that it ends with, as JSON. For arithmetic, dates, text and data that you pass in.",
    inputSchema: toSchema(
      {
        code: toCode("An expression or statements; the value of the last one is the answer."),
        input: {
          type: "string",
          description: "What the program finds in the variable `input`, as text.",
          maxLength: longestInput,
        },
      },
      "code",
    ),
  },
] as const satisfies readonly WorkbenchTool[];

/** What each does at most, where configuration does not say another. */
export const workbenchEffects = {
  run_code: "write",
  bash: "write",
  read_file: "read",
  write_file: "write",
  edit_file: "write",
  remove_file: "write",
  list_files: "read",
  compute: "read",
} as const;

/** Those that run a program, each time in a sandbox of its own. */
export const programTools: ReadonlySet<string> = new Set(["run_code", "bash"]);

export type WorkbenchToolName = keyof typeof workbenchEffects;
