import { withSystemFolders, type Missing } from "../host/find-programs.ts";
import { locate } from "../host/find-program.ts";
import { runTool } from "./run-tool.ts";
import { missing, type Workshop } from "./workshop.ts";

const installMs = 600_000;

/** Programs, each with the package of this system that it comes in. */
export type Needed = Readonly<Record<string, string>>;

/**
 * What was not there is installed, where we are root and there is apt; for everybody else the line that
 * does it is the answer.
 */
export async function installPackages(
  { path, proxies, onStep }: Pick<Workshop, "path" | "proxies" | "onStep">,
  needed: Needed,
): Promise<readonly string[] | Missing> {
  const absent = await findAbsent(path, needed);
  if (absent.length === 0) return [];
  const line = `apt-get install ${absent.join(" ")}`;
  const apt = await locate("apt-get", { path, directory: "/" });
  if (apt === null)
    return missing(`there is no ${absent.join(", no ")} here, and no apt to install it with`, null);
  if (process.getuid?.() !== 0)
    return missing(
      `there is no ${absent.join(", no ")} here, and only root may install it`,
      `sudo ${line}`,
    );
  onStep(line);
  const run = (args: readonly string[]): Promise<string> =>
    runTool({
      program: apt,
      args: ["-q", ...args],
      environment: { ...proxies, PATH: path, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" },
      directory: "/",
      withinMs: installMs,
    });
  const install = ["install", "-y", "--no-install-recommends", ...absent];
  // Fresh images carry no package lists; others do, and need no minute to fetch them.
  await run(install).catch(async () => {
    await run(["update"]);
    await run(install);
  });
  const left = await findAbsent(path, needed);
  return left.length === 0
    ? absent
    : missing(`what ${left.join(" and ")} brings is not among the programs of PATH`, null);
}

export async function findAbsent(path: string, needed: Needed): Promise<readonly string[]> {
  const absent: string[] = [];
  for (const [program, name] of Object.entries(needed))
    if ((await locate(program, { path: withSystemFolders(path), directory: "/" })) === null)
      absent.push(name);
  return absent;
}
