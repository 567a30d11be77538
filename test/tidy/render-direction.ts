import { adapterPackages, direction, everyPart } from "./direction.ts";

/** The direction table as ARCHITECTURE.md shows it. */
export function renderDirection(): string {
  const rows = Object.entries(direction).map(([folder, rule]) => [
    `\`${folder}\``,
    rule.holds + { none: "", pure: "; no input or output", all: "" }[rule.builtins],
    [renderFolders(rule.folders), ...rule.packages].filter((name) => name !== "").join(", "),
  ]);
  const adapters = Object.entries(adapterPackages).map(([name, packages]) =>
    packages.length === 0 ? name : `${name} (${packages.join(", ")})`,
  );
  const last = [
    "`adapters`",
    "one folder a technology",
    `ports, model, mcp, lib, zod and its own library, never another adapter: ${adapters.join(", ")}`,
  ];
  const header = ["folder of `src`", "holds", "may import"];
  return [header, header.map(() => "---"), ...rows, last]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

function renderFolders(folders: readonly string[]): string {
  if (folders.includes("adapters")) return "everything";
  if (folders === everyPart) return "everything above";
  return folders.join(", ") || "nothing";
}
