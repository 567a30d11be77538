/** A path that cannot be there beside the others: there twice, or below another file. */
export function findCollision(paths: readonly string[]): string | null {
  const all = new Set<string>();
  for (const path of paths) {
    if (all.has(path)) return path;
    all.add(path);
  }
  return paths.find((path) => listFolders(path).some((folder) => all.has(folder))) ?? null;
}

const listFolders = (path: string): readonly string[] => {
  const parts = path.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
};
