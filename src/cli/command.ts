import type { CommandFunction } from "@stricli/core";
import type { CliContext, CliParts } from "./context.ts";
import { toExitCode } from "./exit-codes.ts";
import { renderFault } from "./render-fault.ts";
import { createVoice, type Voice } from "./voice.ts";

/** A command once its flags are read: it speaks, and returns its exit code or throws a Fault. */
export type Run<F, A extends readonly (string | undefined)[] = []> = (
  tools: { readonly parts: CliParts; readonly voice: Voice },
  flags: F,
  ...args: A
) => Promise<number>;

/** Loads the command's module when it is called, so that no other command pays for it. */
export function lazy<
  F extends { readonly json: boolean },
  A extends readonly (string | undefined)[] = [],
>(load: () => Promise<Run<F, A>>): () => Promise<CommandFunction<F, A, CliContext>> {
  return async () => {
    const run = await load();
    return async function (this: CliContext, flags: F, ...args: A): Promise<void> {
      const voice = createVoice(this.parts.streams, flags.json);
      try {
        this.process.exitCode = await run({ parts: this.parts, voice }, flags, ...args);
      } catch (error) {
        renderFault(error, voice);
        this.process.exitCode = toExitCode(error);
      }
    };
  };
}
