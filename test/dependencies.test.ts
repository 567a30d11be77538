import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const read = (file: string) => readFileSync(path.join(root, file), "utf8");

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}
const manifest = JSON.parse(read("package.json")) as Manifest;
const groups = {
  "At run time": manifest.dependencies,
  "Executables, by platform": manifest.optionalDependencies,
  "For development": manifest.devDependencies,
  "Of the console": (JSON.parse(read("console/package.json")) as Manifest).devDependencies,
};

/** The rows of the table below a heading: package, version, reason. */
function rowsBelow(heading: string): readonly (readonly string[])[] {
  const section = read("docs/dependencies.md").split(`## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  return section
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

test.each(Object.entries(groups))(
  "docs/dependencies.md, %s: what package.json pins",
  (heading, group) => {
    const documented = rowsBelow(heading).map(([name, version]) => [
      name?.replaceAll("`", ""),
      version,
    ]);
    expect(Object.fromEntries(documented)).toEqual(group);
    for (const [name, , reason] of rowsBelow(heading))
      expect(reason?.length, name).toBeGreaterThan(10);
  },
);

test("every dependency is pinned to one version", () => {
  for (const [name, version] of Object.values(groups).flatMap((group) => Object.entries(group))) {
    expect(version, name).toMatch(/^\d+\.\d+\.\d+(-[a-z]+\.\d+)?$/);
  }
});

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly optional?: boolean;
  readonly hasInstallScript?: boolean;
  readonly link?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
const lock = (JSON.parse(read("package-lock.json")) as { packages: Record<string, Locked> })
  .packages;
/** But the project's own: the package itself, and the console. */
const locked = Object.entries(lock).filter(
  ([name, { link }]) => name !== "" && name !== "console" && link !== true,
);

describe("package-lock.json", () => {
  test("names every package that a package may bring, for every platform: npm 11 refuses it otherwise", () => {
    const missing = locked.flatMap(([name, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (wanted) =>
          lock[`node_modules/${wanted}`] === undefined &&
          lock[`${name}/node_modules/${wanted}`] === undefined,
      ),
    );
    expect(missing).toEqual([]);
  });

  test("has a digest for everything that is not left out on some platform", () => {
    const bare = locked.filter(
      ([, { integrity, optional }]) => integrity === undefined && optional !== true,
    );
    expect(bare.map(([name]) => name)).toEqual([]);
  });

  test("has a digest for every binary that the product runs on", () => {
    for (const name of Object.keys(manifest.optionalDependencies)) {
      expect(lock[`node_modules/${name}`]?.integrity, name).toMatch(/^sha512-/);
    }
  });
});

test("no install script runs", () => {
  expect(read(".npmrc")).toMatch(/^ignore-scripts=true$/m);
});
