import { spawn, type ChildProcess } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  statSync,
} from "node:fs";
import path from "node:path";
import { Fault } from "../../model/index.ts";
import { canEnter, findUser, hasEntry, mayBecome, type User } from "./privilege.ts";

/**
 * Who Postgres runs as. It refuses to run as root, so root becomes the owner of an existing
 * cluster, or `nobody`; where that user may not pass through the path, or we may not become it, a
 * user namespace keeps our own rights to the files but none to the machine.
 */
export type Identity =
  | { readonly kind: "self" }
  | ({ readonly kind: "user" } & User)
  | ({ readonly kind: "namespace" } & User);

/** `paths` must all be reached; `cluster` is whose owner is kept. */
export function chooseIdentity(cluster: string, paths: readonly string[]): Identity {
  const isRoot = process.getuid?.() === 0;
  if (!isRoot && (process.platform !== "linux" || hasEntry())) return { kind: "self" };
  if (process.platform !== "linux") {
    throw new Fault("store_unavailable", "Postgres does not run as root. Start as another user.");
  }
  const owner = isRoot && existsSync(cluster) ? statSync(cluster) : null;
  const user =
    (owner === null ? null : findUser({ uid: owner.uid })) ?? findUser({ name: "nobody" });
  if (user === null) {
    throw new Fault(
      "store_unavailable",
      "Postgres does not run as root or as a user without a name, and this machine has no user " +
        "`nobody` to stand in. Start as another user.",
    );
  }
  const reachable = isRoot && mayBecome(user) && paths.every((one) => canEnter(one, user));
  return { kind: reachable ? "user" : "namespace", ...user };
}

/** Gives what Postgres owns to the identity, where a start under another one left it otherwise. */
export function adoptFiles(identity: Identity, root: string): void {
  const owner = toOwner(identity);
  if (owner === null || statSync(root).uid === owner.uid) return;
  // The root changes last: a run that was cut off starts over.
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    giveAwayUnlessGone(path.join(entry.parentPath, entry.name), owner);
  }
  chownSync(root, owner.uid, owner.gid);
}

/** Another supervisor's start or end may remove what was listed. */
function giveAwayUnlessGone(file: string, owner: User): void {
  try {
    lchownSync(file, owner.uid, owner.gid);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

/** A directory that only the identity may look into. */
export function makeOwned(directory: string, identity: Identity): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  chmodSync(directory, 0o700);
  // With what lies in it: a crash leaves a lock there that only its owner reads.
  adoptFiles(identity, directory);
}

export function giveAway(file: string, identity: Identity): void {
  const owner = toOwner(identity);
  if (owner !== null) chownSync(file, owner.uid, owner.gid);
}

/** Outside of a namespace, everything in it is ours. */
function toOwner(identity: Identity): User | null {
  if (identity.kind === "self") return null;
  if (identity.kind === "user") return identity;
  return { uid: process.getuid!(), gid: process.getgid!() };
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

/** When the program could not even be run as the identity: `said` is the error, or what it left. */
export function toSpawnFault(identity: Identity, said: string): Fault | null {
  if (identity.kind === "self" || !/^unshare: |^spawn /m.test(said)) return null;
  const why = /^(?:unshare: |spawn ).*$/m.exec(said)?.[0] ?? said;
  return new Fault(
    "store_unavailable",
    `Postgres cannot be run as an unprivileged user here (${why.slice(0, 300)}). ` +
      "Start as an ordinary user, keep the program and the data directory where every user may " +
      "pass, or set store.url in countersign.yaml to a Postgres of your own.",
    { details: { identity: identity.kind, uid: identity.uid } },
  );
}
