import {
  buildApplication,
  proposeCompletions,
  run,
  text_en,
  type StricliProcess,
} from "@stricli/core";
import { faults } from "../model/faults.ts";
import type { CliContext, CliParts } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { createTree } from "./tree.ts";

const name = "countersign";

/** What the completion scripts call; not a command, as nobody types it. */
export const completeWord = "__complete";

/** Runs one command line and returns its exit code. Throws nothing. */
export async function runCli(argv: readonly string[], parts: CliParts): Promise<number> {
  const application = buildApplication(createTree(), {
    name,
    scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
    documentation: { disableAnsiColor: !parts.streams.hasColor },
    localization: {
      text: {
        ...text_en,
        // The library's own words end up in the same form as every other refusal.
        noCommandRegisteredForInput: ({ input, corrections }) =>
          `There is no command \`${input}\`${corrections.length > 0 ? `; did you mean ${corrections.join(" or ")}?` : ""}`,
      },
    },
  });
  const complaints: string[] = [];
  const context = createContext(parts, complaints);
  if (argv[0] === completeWord) {
    const proposals = await proposeCompletions(application, argv.slice(1), context);
    parts.streams.out(proposals.map(({ completion }) => `${completion}\n`).join(""));
    return exitCodes.ok;
  }
  await run(application, toArguments(argv), context);
  const code = Number(context.process.exitCode ?? 0);
  // The library's own codes are negative: what it could not read is wrong usage.
  if (code >= 0) return code;
  complain(complaints.join("").trim(), { argv, parts });
  return exitCodes.usage;
}

/** `countersign help plan` is what people type who do not know `countersign plan --help`. */
function toArguments(argv: readonly string[]): readonly string[] {
  if (argv[0] === "help") return [...argv.slice(1), "--help"];
  if (argv[0] === "--version" || argv[0] === "-v") return ["version", ...argv.slice(1)];
  return argv;
}

function createContext(parts: CliParts, complaints: string[]): CliContext {
  const { out, hasColor } = parts.streams;
  const depth = hasColor ? { getColorDepth: () => 8 } : {};
  const process: StricliProcess = {
    stdout: { write: out, ...depth },
    stderr: { write: (text) => void complaints.push(text) },
  };
  return { process, parts };
}

interface Line {
  readonly argv: readonly string[];
  readonly parts: CliParts;
}

function complain(message: string, { argv, parts: { streams } }: Line): void {
  const { hint } = faults.usage_invalid;
  streams.err(`${message}\n${hint}\n`);
  if (!argv.includes("--json")) return;
  streams.out(
    `${JSON.stringify({ error: { code: "usage_invalid", message, hint, details: {} } })}\n`,
  );
}
