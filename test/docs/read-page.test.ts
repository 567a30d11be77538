import { expect, test } from "vitest";
import { findCommands, listAnchors, listFences, listLinks } from "./read-page.ts";

const page = `# A page: of *things*

Run \`SEED=7 npm run bench -- <part>\` or \`npx countersign plan --json\`, not \`npmrc\`.

\`\`\`sh
npm test
countersign init
\`\`\`

\`\`\`
npm nothing
[x](not-a-link.md)
\`\`\`

[b](b.md#c) [d](https://example.com)
`;

test("commands are found in text and in fences for a shell, and nowhere else", () => {
  expect(findCommands(page)).toEqual([
    { program: "npm", args: ["run", "bench", "--"] },
    { program: "countersign", args: ["plan", "--json"] },
    { program: "npm", args: ["test"] },
    { program: "countersign", args: ["init"] },
  ]);
});

test("fences, links and anchors are found", () => {
  expect(listFences(page, "sh")).toEqual(["npm test\ncountersign init\n"]);
  expect(listLinks(page)).toEqual(["b.md#c"]);
  expect(listAnchors(page)).toEqual(["a-page-of-things"]);
});
