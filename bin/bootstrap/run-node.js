import path from "node:path";
import { isCode } from "./install-lock.js";
import { REQUIRED_MAJOR } from "./pinned-node.js";
import { runChild } from "./run-child.js";
import { Stop } from "./stop.js";

/**
 * Runs a script on the chosen Node, with that Node first on the path of whatever it starts.
 *
 * @param {string} node
 * @param {readonly string[]} args
 * @param {{ root: string, cwd?: string | undefined, env?: Readonly<Record<string, string>> | undefined }} place
 * @returns {Promise<number>}
 */
export async function runNode(node, args, { root, cwd = root, env = {} }) {
  const searchPath = [
    path.dirname(node),
    path.join(root, "node_modules", ".bin"),
    process.env["PATH"] ?? "",
  ].join(path.delimiter);
  try {
    return await runChild({
      command: node,
      args,
      cwd,
      env: { ...process.env, PATH: searchPath, ...env },
    });
  } catch (error) {
    if (isCode(error, "ENOENT")) {
      // The file was just read, so it is its loader that is not there.
      throw new Stop(
        `${node} does not run here: it is made for glibc, which this system (Alpine?) has not. ` +
          `Install Node ${REQUIRED_MAJOR} from the system's packages and run again.`,
      );
    }
    if (isCode(error, "EACCES")) {
      throw new Stop(
        `${node} may not be executed here. Is the checkout on a file system mounted noexec?`,
      );
    }
    throw error;
  }
}
