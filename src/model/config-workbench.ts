import { z } from "zod";
import { mapValues } from "../lib/map-values.ts";
import { countField, sizeField } from "./config-field.ts";
import { limitsField, sandboxFields } from "./config-sandbox.ts";
import { common, toolSchema } from "./config-tool.ts";
import { programTools, workbenchEffects, type WorkbenchToolName } from "./workbench-tools.ts";

/** A tool is always there: what is said of it is said besides what it is. */
const benchTool = (name: WorkbenchToolName) =>
  toolSchema
    // Its key is our own doing, and what a workspace held before is not given again.
    .omit({ idempotencyKey: true, cache: true, facts: true, needs: true, changes: true })
    .extend({
      effect: z
        .enum(["read", "write", "destructive"], "takes read, write or destructive")
        .prefault(workbenchEffects[name])
        .describe("What a call counts as."),
      downgrade: z
        .enum(["T0", "T2"], "takes T0 or T2")
        .optional()
        .describe(
          "A tier that is enough for this tool where a rule asks for a stronger one. Its receipts say so.",
        ),
    })
    .prefault({});

const toolsField = z
  .strictObject({
    run_code: benchTool("run_code"),
    bash: benchTool("bash"),
    read_file: benchTool("read_file"),
    write_file: benchTool("write_file"),
    edit_file: benchTool("edit_file"),
    remove_file: benchTool("remove_file"),
    list_files: benchTool("list_files"),
    compute: benchTool("compute"),
  } satisfies Record<WorkbenchToolName, unknown>)
  .prefault({})
  .describe("By the tool's name.");

const workspaceField = z
  .strictObject({
    size: sizeField({ min: "64KiB", max: "32MiB" })
      .prefault("16MiB")
      .describe("Of all its files together. What would make it larger is refused."),
    files: countField({ min: 1, max: 1_000 }).prefault(1_000).describe("Files in it."),
  })
  .prefault({})
  .describe("The files that its tools share: of one run, or of one caller outside of runs.");

export const workbenchSchema = z
  .strictObject({
    transport: z.literal("workbench"),
    sandbox: z
      .enum(
        ["T3", "T2"],
        "takes T3, or T2: what a model wrote needs a kernel of its own, and T1 shares that of this machine",
      )
      .prefault("T3")
      .describe(
        "The tier that its programs run in. `T2` says that gVisor is enough for code that a model wrote.",
      ),
    limits: limitsField,
    egress: sandboxFields.egress,
    egressPrivate: sandboxFields.egressPrivate,
    warm: countField({ min: 0, max: 64 })
      .prefault(1)
      .describe("Sandboxes that wait for programs, started beforehand."),
    workspace: workspaceField,
    ...common,
    tools: toolsField,
  })
  .refine(({ workspace, limits }) => workspace.size <= limits.scratch, {
    path: ["workspace", "size"],
    message: "is more than limits.scratch, where its files lie while a program runs",
  })
  .describe("Tools of our own: programs in sandboxes, and files that they share.");
export type WrittenWorkbench = z.output<typeof workbenchSchema>;

/** Member of `_meta` in which the tools take a call's key. */
export const workbenchKeyMember = "dev.countersign/workbench-key";

/** With what its tools are besides what a document says of them. */
export function toWorkbenchConfig<Written extends WrittenWorkbench>(written: Written) {
  const { egress } = written;
  const tools = mapValues(written.tools, (said, name) => ({ ...said, ...toKey(name, egress) }));
  return Object.freeze({ ...written, outward: written.outward || egress.length > 0, tools });
}

/**
 * A change of a workspace knows its call's key and is made once; a program that reaches nobody changes
 * nothing else. One that reaches others could do there twice what it does.
 */
function toKey(name: string, egress: readonly string[]) {
  return programTools.has(name) && egress.length > 0 ? {} : { idempotencyKey: workbenchKeyMember };
}
