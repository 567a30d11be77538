import { hash } from "node:crypto";

/** A page of ours, and the policy that it is served under. */
export interface Page {
  readonly html: string;
  readonly policy: string;
}

export interface PageParts {
  readonly title: string;
  readonly style: string;
  readonly body: string;
  readonly script: string;
}

/** Its own script and style, requests to this server, and nothing else. */
export function toPage({ title, style, body, script }: PageParts): Page {
  const policy = [
    "default-src 'none'",
    `script-src ${digestOf(script)}`,
    `style-src ${digestOf(style)}`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
${body}
<script>${script}</script>
</body>
</html>
`;
  return { html, policy };
}

const digestOf = (text: string): string => `'sha256-${hash("sha256", text, "base64")}'`;

export function toPageAnswer({ html, policy }: Page) {
  return {
    status: 200,
    body: html,
    contentType: "text/html; charset=utf-8",
    headers: { "content-security-policy": policy },
  } as const;
}
