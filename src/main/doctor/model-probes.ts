import type { Connection } from "../../cli/context.ts";
import { ok, warn, type Finding } from "./probe.ts";

/** Which backends of models answer, with the keys that are configured. */
export async function lookAtModels({ client }: Pick<Connection, "client">): Promise<Finding> {
  const { backends } = (await client.lookAtModels()).body;
  if (backends.length === 0) return ok("none are configured");
  const silent = backends.filter(({ answers }) => !answers);
  const well = backends.filter(({ answers }) => answers).map(({ name }) => name);
  if (silent.length === 0)
    return ok(`${well.join(", ")} ${well.length === 1 ? "answers" : "answer"}`);
  const reasons = silent.map(({ name, problem }) => `${name}: ${problem}`).join(" ");
  const others = well.length === 0 ? "none answers" : `${well.join(", ")} answer`;
  return warn(`${others}; ${reasons}`, "Look at url and key of the backend in countersign.yaml.");
}
