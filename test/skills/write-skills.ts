import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";

/** Files by their paths; a text that begins with `-> ` is a link to what follows. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

export function createFolder(files: Files = {}): string {
  const folder = mkdtempSync(path.join(tmpdir(), "cs-skills-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFiles(folder, files);
  return folder;
}

export function writeFiles(folder: string, files: Files): void {
  for (const [file, content] of Object.entries(files)) {
    const place = path.join(folder, file);
    mkdirSync(path.dirname(place), { recursive: true });
    if (typeof content === "string" && content.startsWith("-> "))
      symlinkSync(content.slice("-> ".length), place);
    else writeFileSync(place, content);
  }
}

/** A `SKILL.md` without a fault; lines of frontmatter may follow the first two. */
export function toSkill(name: string, body = `Do ${name}.`, more: readonly string[] = []): string {
  const front = [`name: ${name}`, `description: Does ${name}. Use it when asked for it.`, ...more];
  return `---\n${front.join("\n")}\n---\n\n${body}\n`;
}
