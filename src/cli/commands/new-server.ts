import { Fault } from "../../model/fault.ts";
import type { Run } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { scaffold } from "../scaffold.ts";

export interface NewFlags {
  readonly json: boolean;
  readonly directory?: string;
}

/** Writes a server to start from. What is there already stays as it is. */
export const newServer: Run<NewFlags, [string]> = async ({ parts, voice }, flags, name) => {
  if (!/^[a-z0-9]+(?:[-_][a-z0-9]+)*$/.test(name) || name.length > 40) {
    throw new Fault(
      "usage_invalid",
      `${name} is no name of a server: lower-case letters, digits and single - or _.`,
    );
  }
  const directory = flags.directory ?? name;
  const files = scaffold(name).map(({ file, text }) => ({ file: `${directory}/${file}`, text }));
  for (const { file } of files) {
    if ((await parts.files.read(file)) !== null)
      throw new Fault("usage_invalid", `${file} is there already; nothing was written.`, {
        details: { file },
      });
  }
  for (const { file, text } of files) {
    if ((await parts.files.write(file, text, { overwrite: false })) === "exists")
      throw new Fault("usage_invalid", `${file} came to be meanwhile.`, { details: { file } });
  }
  voice.answer(
    { name, files: files.map(({ file }) => file) },
    `${directory}/ has a server with two tools and its tests. Next:\n` +
      `  cd ${directory} && npm install && npm test\n` +
      `  countersign servers add ${name} --no-sandbox -- node ${directory}/server.js`,
  );
  return exitCodes.ok;
};
