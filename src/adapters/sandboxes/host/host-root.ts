import { lstat, readlink } from "node:fs/promises";
import type { Placed } from "./placed.ts";

/** Folders at the root that are links into /usr on most systems, and folders on the others. */
const systemFolders = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

/** Of /etc, what programs need to start and to check certificates; nothing of it is secret. */
const systemSettings = [
  "/etc/alternatives",
  "/etc/ld.so.cache",
  "/etc/localtime",
  "/etc/ssl/certs",
  "/etc/ssl/openssl.cnf",
  "/etc/pki/ca-trust/extracted",
  "/etc/pki/tls/certs",
  "/etc/pki/tls/openssl.cnf",
];

/** The system's own programs, as this host has them. */
export async function readHostRoot(): Promise<readonly Placed[]> {
  const found = await Promise.all(["/usr", ...systemFolders, ...systemSettings].map(look));
  return found.filter((placed) => placed !== null);
}

async function look(path: string): Promise<Placed | null> {
  const stats = await lstat(path).catch(() => null);
  if (stats === null) return null;
  if (stats.isSymbolicLink() && systemFolders.includes(path))
    return { kind: "link", target: await readlink(path), path };
  return { kind: "bind", source: path, path };
}

/** In place of the host's, which name its users and its network. The program has this number to itself. */
export const toMadeUpFiles = (id: number): Readonly<Record<string, string>> => ({
  "/etc/passwd": `sandbox:x:${id}:${id}:sandbox:/tmp:/bin/sh\n`,
  "/etc/group": `sandbox:x:${id}:\n`,
  "/etc/hosts": "127.0.0.1 localhost sandbox\n::1 localhost\n",
  "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
});
