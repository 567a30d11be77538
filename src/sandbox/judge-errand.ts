import { Fault } from "../model/index.ts";
import { judgeWorkPath } from "../model/work-path.ts";
import type { Errand } from "../ports/errands.ts";
import type { ErrandLimits } from "./errand-limits.ts";
import { findCollision } from "./find-collision.ts";

/** Throws where an errand cannot be carried out as it stands; nothing of it has run then. */
export function judgeErrand(errand: Errand, limits: ErrandLimits): void {
  const wrong = judgeCommand(errand, limits) ?? judgeFiles(errand, limits);
  if (wrong !== null) throw new Fault("sandbox_failed", `The program was not started: ${wrong}.`);
}

function judgeCommand({ command, environment }: Errand, limits: ErrandLimits): string | null {
  const [program = ""] = command;
  if (program === "") return "there is none";
  const texts = [...command, ...Object.entries(environment).flat()];
  if (texts.some((text) => text.includes("\0"))) return "it is given a zero byte";
  const name = Object.keys(environment).find((each) => each === "" || each.includes("="));
  if (name !== undefined) return `"${name}" is no name of a variable`;
  const bytes = new TextEncoder().encode(texts.join("")).length;
  return bytes > limits.headBytes
    ? `its command and variables take more than ${limits.headBytes} bytes`
    : null;
}

function judgeFiles({ files }: Errand, limits: ErrandLimits): string | null {
  if (files.length > limits.files) return `it brings more than ${limits.files} files`;
  const bytes = files.reduce((sum, file) => sum + file.bytes.length, 0);
  if (bytes > limits.fileBytes) return `its files hold more than ${limits.fileBytes} bytes`;
  for (const { path } of files) {
    const wrong = judgeWorkPath(path);
    if (wrong !== null) return `the path ${JSON.stringify(path.slice(0, 100))} ${wrong}`;
  }
  const collision = findCollision(files.map(({ path }) => path));
  return collision === null ? null : `${collision} cannot be there beside its other files`;
}
