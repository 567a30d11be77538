import { toSkill, type Files } from "./write-skills.ts";

/**
 * Folders laid out as those that people publish: the layouts and the habits of writing are theirs, the texts
 * are not.
 */
export const publicSet: Files = {
  // Documents with scripts beside them, and references at the top.
  "forms/SKILL.md": toSkill("forms", "# Forms\n\nFor fields see [fields](fields.md#names).", [
    "license: Proprietary. LICENSE.txt has complete terms",
  ]),
  "forms/fields.md": "# Fields\n\n| name | type |\n",
  "forms/LICENSE.txt": "All rights.\n\f\nPage two.\n",
  "forms/scripts/__init__.py": "",
  "forms/scripts/fill.py": "import sys\n\tprint(sys.argv)\n",
  "forms/scripts/schemas/types.xsd": "\ufeff<?xml version='1.0'?>\n",
  // Fonts and pictures.
  "posters/SKILL.md": toSkill("posters", "Take a font of `fonts/`. ✅ ⚠️ 👩‍💻 1️⃣"),
  "posters/fonts/Plain-Regular.ttf": Uint8Array.of(0, 1, 0, 0, 255, 254),
  "posters/shots/show.pdf": Uint8Array.of(0x25, 0x50, 0x44, 0x46, 0, 0xff),
  // A folder a language, and a description over several lines.
  "wide-api/SKILL.md": `---
name: wide-api
description: |-
  Says how the API is called.
  Use it — always — before a file is opened that imports \`wide\`.
license: Complete terms in LICENSE.txt
---
See [Go](go/README.md) and [the errors](shared/errors.md), or https://api.example/docs.
`,
  "wide-api/go/README.md": "# Go\n",
  "wide-api/python/wide/README.md": "# Python\n",
  "wide-api/shared/errors.md": "# Errors\n",
  "wide-api/LICENSE.txt": "Terms.\n",
  // A quoted description with quotes in it, Windows' line ends, and a byte order mark.
  "sheets/SKILL.md":
    '\ufeff---\r\nname: sheets\r\ndescription: "Reads \\"sheets\\": .csv, .tsv. Use it for tables."\r\n---\r\n\r\n# Sheets\r\n',
  // Many small files of one kind.
  ...Object.fromEntries(
    Array.from({ length: 12 }, (_, n) => [`themes/themes/theme-${n}.md`, `# Theme ${n}\n`]),
  ),
  "themes/SKILL.md": toSkill("themes", "", ["metadata:", '  version: "1.0"', "  author: them"]),
  // All that the format has.
  "deploy/SKILL.md": toSkill("deploy", "Run `scripts/deploy.sh`.", [
    "license: Apache-2.0",
    "compatibility: Requires git and kubectl",
    "allowed-tools: Bash(git:*) Bash(kubectl get:*) Read",
  ]),
  "deploy/scripts/deploy.sh": "#!/bin/sh\nset -eu\n",
  "deploy/references/REFERENCE.md": "# Reference\n",
  "deploy/assets/template.yaml": "kind: Deployment\n",
  "README.md": "These are skills.\n",
  "template/SKILL.md": toSkill("template"),
};

/** The same with faults that can be lived with. */
export const livableSet: Files = {
  // Unquoted, with a colon in it.
  "colon/SKILL.md": "---\nname: colon\ndescription: Use it when: somebody asks.\n---\nDo.\n",
  "Upper_Case/SKILL.md": toSkill("Upper_Case"),
  "moved/SKILL.md": toSkill("other-name"),
  "nameless/SKILL.md": "---\ndescription: Has no name.\n---\nDo.\n",
  "listed/SKILL.md": toSkill("listed", "Do.", ["allowed-tools: [Read, Grep]"]),
  "keys/SKILL.md": toSkill("keys", "Do.", ["licence: MIT", "user-invocable: true"]),
  "numbers/SKILL.md": toSkill("numbers", "Do.", ["metadata: { version: 1.0 }", "license: 3"]),
  "small/skill.md": toSkill("small"),
  "links/SKILL.md": toSkill("links", "[a](gone.md) [b](../forms/fields.md) [c](b.md)"),
  "links/a.md": "# A\n",
  "links/b.md": "-> a.md",
  "hidden-files/SKILL.md": toSkill("hidden-files"),
  "hidden-files/.env": "TOKEN=canary",
  "hidden-files/node_modules/x/index.js": "canary",
  "latin/SKILL.md": toSkill("latin"),
  "latin/notes.txt": Uint8Array.of(0x63, 0x61, 0x66, 0xe9),
  "soft/SKILL.md": toSkill("soft", "A zero\u200bwidth space."),
  "no-skill/README.md": "Nothing.\n",
};
