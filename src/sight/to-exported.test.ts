import { expect, test } from "vitest";
import { makeSpan } from "../../test/sight/made-up-spans.ts";
import { toExportedAll } from "./to-exported.ts";

const secret = "s3cret-value-9471";

test("I9: a secret leaves in no name, error, person or list, however often it comes in a batch", () => {
  const span = makeSpan({
    name: `execute_tool ${secret}`,
    isError: true,
    attributes: {
      "gen_ai.operation.name": "execute_tool",
      "gen_ai.tool.name": secret,
      "tool.name": secret,
      "countersign.server": `up ${secret}`,
      "error.type": `said ${secret}`,
      "user.id": secret,
      "output.value": `${"long ".repeat(200)}${secret}`,
      "gen_ai.response.finish_reasons": [secret, "stop"],
    },
  });
  let known = "";
  const redact = (text: string): string =>
    known === "" ? text : text.replaceAll(known, "[redacted]");
  const send = () => toExportedAll([span, span, span], { drop: ["user.id"], redact });
  expect(JSON.stringify(send())).toContain(secret);
  // Nothing is remembered from one batch to the next: it may be known by now.
  known = secret;
  const sent = send();
  expect(sent).toHaveLength(3);
  for (const each of sent) {
    expect(JSON.stringify(each)).not.toContain(secret);
    expect(each.attributes).toMatchObject({
      "gen_ai.tool.name": "[redacted]",
      "gen_ai.response.finish_reasons": ["[redacted]", "stop"],
    });
    expect(each.attributes).not.toHaveProperty("user.id");
  }
});
