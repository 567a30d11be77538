/** A command that a page tells the reader to run. */
export interface Mention {
  readonly program: "npm" | "countersign";
  readonly args: readonly string[];
}

/** What stands between fences of a language. */
export function listFences(page: string, language: string): readonly string[] {
  return [...page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
    .filter((match) => match[1] === language)
    .map((match) => match[2] ?? "");
}

/** Commands in fences and in running text. A placeholder (`<part>`) is not an argument. */
export function findCommands(page: string): readonly Mention[] {
  const inline = [...withoutFences(page).matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? "");
  const shown = listFences(page, "sh").flatMap((fence) => fence.trim().split("\n"));
  return [...inline, ...shown].flatMap((text) => {
    const found = /^(?:[A-Z_]+=\S+ )?(?:npx )?(npm|countersign) (.+)$/.exec(text.trim());
    if (found === null) return [];
    const args = (found[2] ?? "").split(" ").filter((arg) => !/^["'<[]/.test(arg));
    return [{ program: found[1] === "npm" ? "npm" : "countersign", args }];
  });
}

/** Links inside the repository. */
export function listLinks(page: string): readonly string[] {
  return [...withoutFences(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1] ?? "")
    .filter((link) => !/^[a-z]+:/.test(link));
}

/** The anchors of a page's headings, as forges make them. */
export function listAnchors(page: string): readonly string[] {
  return [...withoutFences(page).matchAll(/^#+ (.+)$/gm)].map((match) =>
    (match[1] ?? "")
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}

function withoutFences(page: string): string {
  return page.replace(/^```[\s\S]*?^```$/gm, "");
}
