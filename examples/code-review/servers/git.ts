import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);
const mostBytes = 4 * 1024 * 1024;
const mostMs = 20_000;

/** The newest commit against the one before it, of a repository that belongs to another user here. */
export function openRepository(directory: string) {
  async function git(...args: readonly string[]): Promise<string> {
    const own = ["-c", "safe.directory=*", "-c", "core.quotePath=false", "--no-pager"];
    // No hook, no pager, no filter of the repository's own configuration is run by what stands here.
    const { stdout } = await run("git", [...own, "-C", directory, ...args], {
      maxBuffer: mostBytes,
      timeout: mostMs,
      env: { PATH: process.env["PATH"], GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null" },
    });
    return stdout;
  }
  const diff = ["diff", "--no-ext-diff", "--no-textconv", "--no-renames", "HEAD~1", "HEAD"];
  return {
    head: async () => (await git("rev-parse", "HEAD")).trim(),
    async changes() {
      const lines = (await git(...diff, "--numstat", "-z")).split("\0").filter(Boolean);
      return lines.map((line) => {
        const [added = "", removed = "", ...path] = line.split("\t");
        // Of a file that is no text nothing is counted.
        return { path: path.join("\t"), added: Number(added) || 0, removed: Number(removed) || 0 };
      });
    },
    diffOf: (path: string) => git(...diff, "--unified=5", "--", `:(literal)${path}`),
    /** As the commit has it, not as it lies in the folder. */
    fileAt: (path: string) => git("show", `HEAD:${path}`),
  };
}
