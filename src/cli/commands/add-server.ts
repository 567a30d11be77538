import { Fault } from "../../model/fault.ts";
import type { Run } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { readDocument, withFile } from "../read-document.ts";
import { renderChanges, shorten } from "../render-changes.ts";

export interface AddFlags {
  readonly json: boolean;
  readonly url?: string;
  readonly file?: string;
  readonly to?: string;
  readonly transport?: string;
  readonly private: boolean;
  readonly noSandbox: boolean;
  readonly workbench: boolean;
  /** Of a workbench. */
  readonly tier?: string;
  /** What the program sees of this machine; `:rw` behind a path: and may change. */
  readonly mount?: readonly string[];
  /** Where the program may connect to. */
  readonly egress?: readonly string[];
  /** Tools that only read: everything else counts as an effect. */
  readonly reads?: readonly string[];
}

/** Writes the server into the document, comments and all, once the running server would take it. */
export const addServer: Run<AddFlags, [string, ...string[]]> = async (
  { parts, voice },
  flags,
  ...[name, ...command]
) => {
  const { file, text } = await readDocument(parts.files, flags.file);
  const entry = { ...toServer(flags, command), ...toTools(flags) };
  const added = parts.editConfig(text, ["servers", name], entry);
  const { client } = await parts.connect(flags.url);
  const planned = await withFile(file, client.planConfig({ body: added }));
  voice.note(renderChanges(planned.body, voice.paint));
  const applied = await withFile(
    file,
    client.applyConfig({ ifMatch: `"${planned.body.base}"`, body: added }),
  );
  await parts.files.write(file, added, { overwrite: true });
  const { body: server } = await client.refreshServer({ name });
  voice.answer(
    { file, digest: applied.body.digest, server },
    `${name} is ${server.state}${server.reason === null ? "" : ` (${server.reason})`}, ` +
      `with ${server.tools} tools. ${shorten(applied.body.digest)} is serving.`,
  );
  return server.state === "ready" ? exitCodes.ok : exitCodes.tryLater;
};

function toTools({ reads = [] }: AddFlags): object {
  if (reads.length === 0) return {};
  return { tools: Object.fromEntries(reads.map((tool) => [tool, { effect: "read" }])) };
}

function toServer(flags: AddFlags, command: readonly string[]): object {
  if (flags.workbench) return toWorkbench(flags, command);
  if (flags.tier !== undefined)
    throw new Fault("usage_invalid", "--tier is for a workbench, which --workbench adds.");
  if (flags.to !== undefined && command.length === 0) {
    return {
      transport: flags.transport ?? "http",
      url: flags.to,
      ...(flags.private ? { private: true } : {}),
    };
  }
  if (flags.to !== undefined || command.length === 0) {
    throw new Fault(
      "usage_invalid",
      "A server is either reached with --to or started with a program.",
    );
  }
  return { transport: "stdio", command, ...toSandbox(flags) };
}

function toWorkbench(flags: AddFlags, command: readonly string[]): object {
  const { to, transport, mount, noSandbox, tier, egress = [] } = flags;
  const isOther = to !== undefined || transport !== undefined || command.length > 0;
  if (isOther || mount !== undefined || noSandbox || flags.private)
    throw new Fault(
      "usage_invalid",
      "A workbench is our own: --workbench goes with --tier, --egress and --reads alone.",
    );
  return {
    transport: "workbench",
    ...(tier === undefined ? {} : { sandbox: tier }),
    ...(egress.length === 0 ? {} : { egress }),
  };
}

/** Nothing is said of what is not wanted: it stands in the document what the program may do. */
function toSandbox({ noSandbox, mount = [], egress = [] }: AddFlags): object {
  const isOpened = mount.length > 0 || egress.length > 0;
  if (noSandbox && isOpened)
    throw new Fault("usage_invalid", "--mount and --egress are for a program in a sandbox.");
  if (noSandbox) return { sandbox: "none" };
  const files = mount.map((written) => {
    const path = written.replace(/:rw$/, "");
    return path === written ? { path } : { path, write: true };
  });
  return {
    ...(files.length === 0 ? {} : { files }),
    ...(egress.length === 0 ? {} : { egress }),
  };
}
