import { spawn, type ChildProcess } from "node:child_process";
import { chownSync, existsSync, lchownSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { Fault } from "../../model/index.ts";

/**
 * Who Postgres runs as. It refuses to run as root, so root becomes the owner of an existing
 * cluster, or `nobody`; where that user may not pass through the path, a user namespace keeps our
 * own rights to the files but none to the machine.
 */
export type Identity =
  | { readonly kind: "self" }
  | { readonly kind: "user"; readonly uid: number; readonly gid: number }
  | { readonly kind: "namespace"; readonly uid: number; readonly gid: number };

/** `paths` must all be reached; `cluster` is whose owner is kept. */
export function chooseIdentity(cluster: string, paths: readonly string[]): Identity {
  if (process.getuid?.() !== 0) return { kind: "self" };
  if (process.platform !== "linux") {
    throw new Fault("store_unavailable", "Postgres does not run as root. Start as another user.");
  }
  const owner = existsSync(cluster) ? statSync(cluster) : null;
  const user =
    (owner === null ? null : findUser({ uid: owner.uid })) ?? findUser({ name: "nobody" });
  if (user === null) {
    throw new Fault(
      "store_unavailable",
      "Postgres does not run as root, and this machine has no user `nobody`. Start as another user.",
    );
  }
  const reachable = paths.every((one) => canEnter(one, user));
  return { kind: reachable ? "user" : "namespace", ...user };
}

/** Gives what Postgres owns to the identity, where a start under another one left it otherwise. */
export function adoptFiles(identity: Identity, root: string): void {
  if (identity.kind === "self") return;
  const { uid, gid } = identity.kind === "user" ? identity : { uid: 0, gid: 0 };
  if (statSync(root).uid === uid) return;
  // The root changes last: a run that was cut off starts over.
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    lchownSync(path.join(entry.parentPath, entry.name), uid, gid);
  }
  chownSync(root, uid, gid);
}

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly output: number | "pipe";
}

/** Own session: a terminal's interrupt reaches the server, which then stops Postgres in order. */
export function spawnAs(identity: Identity, command: Command): ChildProcess {
  const inNamespace = identity.kind === "namespace";
  const { uid, gid } = identity.kind === "self" ? { uid: 0, gid: 0 } : identity;
  const prefix = ["--user", `--map-user=${uid}`, `--map-group=${gid}`, "--", command.file];
  return spawn(
    inNamespace ? "unshare" : command.file,
    [...(inNamespace ? prefix : []), ...command.args],
    {
      cwd: "/",
      env: { PATH: "/usr/bin:/bin", ...command.environment },
      stdio: ["ignore", command.output, command.output],
      detached: true,
      ...(identity.kind === "user" ? { uid, gid } : {}),
    },
  );
}

interface User {
  readonly uid: number;
  readonly gid: number;
}

/** initdb looks its user up by number, so a number without an entry will not do. */
function findUser(wanted: { readonly uid: number } | { readonly name: string }): User | null {
  for (const line of readFileSync("/etc/passwd", "utf8").split("\n")) {
    const [name, , uid, gid] = line.split(":");
    if (uid === undefined || gid === undefined || uid === "0") continue;
    const found = "name" in wanted ? name === wanted.name : Number(uid) === wanted.uid;
    if (found) return { uid: Number(uid), gid: Number(gid) };
  }
  return null;
}

function canEnter(target: string, user: User): boolean {
  for (let directory = path.resolve(target); ; directory = path.dirname(directory)) {
    if (existsSync(directory)) {
      const { mode, uid, gid } = statSync(directory);
      const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
      if ((mode & bit) === 0) return false;
    }
    if (directory === path.dirname(directory)) return true;
  }
}
