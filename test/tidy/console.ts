import { listImports, packageOf } from "./imports.ts";
import { isTest, type Finding, type Source } from "./source.ts";

const packages: ReadonlySet<string> = new Set([
  "react",
  "react-dom",
  "@tanstack/react-query",
  "@tanstack/react-router",
  "@tanstack/react-virtual",
]);
const folders = ["src/client/", "src/model/", "src/ledger/", "src/lib/"];

/**
 * The console stands on the client of the API, on pure parts of the model and on the verifier of
 * receipts. The front door of the model brings all of it, and a browser has to load what it brings.
 */
export function findWrongConsole(sources: readonly Source[]): readonly Finding[] {
  return sources
    .filter(({ path }) => path.startsWith("console/") && !isTest(path))
    .flatMap((source) => {
      const wrong = listImports(source).filter(({ specifier, target }) =>
        target === null ? !packages.has(packageOf(specifier)) : !isAllowed(target),
      );
      return wrong.map(({ place, specifier }) => ({
        place,
        message: `${specifier}: the console may not import this`,
      }));
    });
}

function isAllowed(target: string): boolean {
  if (target.startsWith("console/src/")) return !isTest(target);
  return target !== "src/model/index.ts" && folders.some((folder) => target.startsWith(folder));
}
