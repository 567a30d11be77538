import { toInlineSource } from "./inline-source.ts";
import { approvalStyle } from "./page/approval-style.ts";
import { startDesk } from "./page/start-desk.ts";
import { toPage, type Page } from "./to-page.ts";

/** Each after what it needs; they share one scope. */
const modules = [
  "../lib/confusables.ts",
  "../lib/inert-text.ts",
  "../lib/diff-json.ts",
  "../lib/json-lines.ts",
  "./page/approval-words.ts",
  "./page/show-text.ts",
  "./page/show-changes.ts",
  "./page/show-approval.ts",
  "./page/ask-server.ts",
  "./page/desk.ts",
  "./page/decide-approval.ts",
  "./page/start-desk.ts",
];

/**
 * The page where somebody decides on what waits. It is the same for everybody and holds nothing: the key
 * is typed, sent as a bearer token with each request and kept in the page's memory alone. Whatever came
 * from a request is set as text, with what it hides made visible, and never as markup.
 */
export function createApprovalPage(): Page {
  const source = toInlineSource(modules, import.meta.url);
  // In a scope of its own: the page's window has names, too.
  const script = `(() => {\n"use strict";\n${source}\n${startDesk.name}(window, () => Date.now());\n})();\n`;
  return toPage({ title: "Approvals", style: approvalStyle, body, script });
}

const body = `<header>
<h1>Approvals <span id="count"></span></h1>
<p id="status" role="status"></p>
<button id="leave" class="plain" type="button" hidden>Forget the key</button>
</header>
<form id="signin">
<p>Show who you are. The key stays in this page and goes when it is closed.</p>
<input type="text" autocomplete="username" value="approver" readonly hidden>
<label for="key">Your approver key or access token</label>
<input id="key" type="password" required maxlength="16384" autocomplete="current-password" autocapitalize="none" spellcheck="false">
<button>Show what waits</button>
</form>
<main id="desk" hidden>
<nav id="list" aria-label="What waits">
<p id="none">Nothing waits for a decision.</p>
<ol id="rows"></ol>
</nav>
<article id="detail" hidden>
<button id="back" class="plain" type="button">All that waits</button>
<div id="shown"></div>
<form id="decision">
<label for="reason"><span>Reason (optional)</span><span id="countdown"></span></label>
<textarea id="reason" rows="1" maxlength="2048"></textarea>
<div class="buttons">
<button id="deny" class="denied" type="button" aria-describedby="why">Deny<kbd>D</kbd></button>
<button id="approve" class="approved" type="button" disabled aria-describedby="why"><span id="verb">Approve</span><kbd>A</kbd></button>
</div>
<p id="why"></p>
<p id="said" role="status"></p>
</form>
</article>
</main>
<dialog id="confirm" aria-labelledby="question">
<h2 id="question"></h2>
<p id="asked"></p>
<div class="buttons">
<button id="unsure" type="button">Back</button>
<button id="sure" type="button"></button>
</div>
</dialog>
<noscript><p>This page needs JavaScript: it sends your key as a header, which a form cannot.</p></noscript>`;
