import path from "node:path";
import { Fault } from "../../../model/index.ts";

/** Folders that are links into /usr on every Debian of today, where packages of yesterday still fill them. */
export const mergedFolders: readonly string[] = ["bin", "sbin", "lib", "lib64"];

/** What people read, and programs do not need. */
const left = [
  "usr/share/doc",
  "usr/share/doc-base",
  "usr/share/man",
  "usr/share/info",
  "usr/share/locale",
  "usr/share/lintian",
  "usr/share/bug",
  "usr/share/bash-completion",
  "usr/share/menu",
  "usr/share/pixmaps",
  "usr/share/applications",
  "usr/share/python3",
  "etc",
  "var",
];

export const isLeftOut = (place: string): boolean =>
  left.some((folder) => place === folder || place.startsWith(`${folder}/`));

/** Where a member of a package goes; paths have no slash at their begin. */
export function toPlace(member: string): string {
  const [first = "", ...rest] = member.split("/");
  return mergedFolders.includes(first) ? ["usr", first, ...rest].join("/") : member;
}

/**
 * What a link of a package has to say in the tree: always relative, so that it means the same on the
 * host, and within a sandbox. Throws for one that leads out.
 */
export function toTarget(member: string, target: string): string {
  const start = target.startsWith("/") ? [] : member.split("/").slice(0, -1);
  const reached: string[] = [];
  for (const part of [...start, ...target.split("/")]) {
    if (part === "" || part === ".") continue;
    if (part !== "..") reached.push(part);
    else if (reached.pop() === undefined)
      throw new Fault("setup_failed", `${JSON.stringify(member)} is a link that leads out.`);
  }
  const from = path.posix.dirname(`/${toPlace(member)}`);
  return path.posix.relative(from, `/${toPlace(reached.join("/"))}`) || ".";
}
