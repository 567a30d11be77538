import { hash } from "node:crypto";
import { pageScript, pageStyle } from "./verifier-page-parts.ts";

/** The files of the offline verifier, each after those that it imports. */
export const verifierFiles = [
  "signed-head",
  "receipt-json",
  "receipt-words",
  "verify-passkey",
  "verify-receipt",
];

/**
 * One script of the verifier's files, given as JavaScript in the order above. They import one another
 * and nothing else, so that all there is to join is to leave the imports out.
 */
export function joinVerifier(sources: readonly string[]): string {
  if (sources.length !== verifierFiles.length) throw new Error("the verifier has other files");
  const joined = sources
    .join("\n")
    .replaceAll("\r\n", "\n")
    .replace(importOfOurs, "")
    .replace(/^\/\/# sourceMappingURL=.*$/gm, "")
    .replace(/^export (?=(?:async )?(?:function|class|const)\b)/gm, "");
  if (/^\s*(?:import|export)\b|\bimport\s*\(/m.test(joined)) {
    throw new Error("the verifier imports what is not its own");
  }
  return joined;
}

const importOfOurs = new RegExp(
  `^import \\{[^}]*\\} from "\\./(?:${verifierFiles.join("|")})\\.(?:ts|js)";$`,
  "gm",
);

/**
 * The verifier as one file of HTML: opened from a disk, in any browser, without a network. Its policy
 * lets this script and this style run and nothing be fetched or sent; a receipt is shown as text only.
 */
export function createVerifierPage(source: string): string {
  // A browser reads other line ends as these, and hashes what it read.
  const script = `${source}\n${pageScript}`.replaceAll("\r\n", "\n");
  // What would end the script early, or make the browser read it as a comment.
  if (/<\/script|<!--|<script/i.test(script)) throw new Error("the source cannot stand in a page");
  const policy = [
    "default-src 'none'",
    `script-src ${toSource(script)}`,
    `style-src ${toSource(pageStyle)}`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Verify a receipt - Countersign</title>
<style>${pageStyle}</style>
</head>
<body>
<main>
<h1>Verify a receipt</h1>
<p>Everything happens in this page: nothing is sent, and nothing is fetched.</p>
<label for="keys">Verifier keys, one a line, from somewhere else than the receipt</label>
<textarea id="keys" rows="3" spellcheck="false" autocomplete="off"></textarea>
<label for="passkeys">Fingerprints of the passkeys you trust, one a line; empty if you know none</label>
<textarea id="passkeys" rows="2" spellcheck="false" autocomplete="off"></textarea>
<label id="drop" for="file">The receipt: choose its file, or drop it here
<input id="file" type="file" accept=".json,application/json"></label>
<section id="report" role="status" aria-live="polite"></section>
<noscript><p>This page needs JavaScript: it computes with the receipt.</p></noscript>
</main>
<script type="module">${script}</script>
</body>
</html>
`;
}

const toSource = (text: string): string => `'sha256-${hash("sha256", text, "base64")}'`;
