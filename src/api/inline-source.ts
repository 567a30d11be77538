import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";

/**
 * The modules of this program that a page runs, as one script: their source as it lies beside this file,
 * TypeScript in a checkout and JavaScript in the product. They share one scope in the page, so they
 * import only each other, in order, and none says a name that another has.
 */
export function toInlineSource(modules: readonly string[], base: string): string {
  const script = modules.map((name) => readModule(new URL(name, base))).join("\n");
  const names = [...script.matchAll(declaration)].map(([, name]) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`Two modules of a page say ${twice}.`);
  return script;
}

/** Of a module itself: what stands at the start of a line. */
const declaration = /^(?:async )?(?:function\*?|const|let|class) (\w+)/gm;

const isTypeScript = import.meta.url.endsWith(".ts");

/** `url` as imports have it, so with `.ts`. */
function readModule(url: URL): string {
  const href = isTypeScript ? url.href : url.href.replace(/\.ts$/, ".js");
  const text = readFileSync(new URL(href), "utf8");
  const script = (isTypeScript ? stripTypes(text) : text)
    .replace(/^import\b[^;]*;$/gm, "")
    .replace(/^export \{\};$/gm, "")
    .replace(/^export /gm, "")
    .replace(/^\/\/# sourceMappingURL=.*$/gm, "")
    .replace(/[ \t]+$/gm, "")
    .replace(/\n{2,}/g, "\n")
    .trim();
  // A page would end its script there, whatever the script means by it.
  if (/<\/script|<!--/i.test(script)) throw new Error(`${href} cannot stand in a page`);
  return script;
}

/** Node says at each start that this may change; its version is pinned, and a test runs what it makes. */
function stripTypes(text: string): string {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = () => undefined;
  try {
    return stripTypeScriptTypes(text);
  } finally {
    process.emitWarning = emitWarning;
  }
}
