import { expect, test } from "vitest";
import { withoutControls } from "./without-controls.ts";

test("nothing is left that a terminal would obey, and lines and tabs stay", () => {
  const hostile = "a\u001b]0;title\u0007b\u001b[2Jc\r\u0008\u009b31md\te\nf";
  const shown = withoutControls(hostile);
  expect(shown.replace(/[\t\n]/g, "")).not.toMatch(/\p{Cc}/u);
  expect(shown).toBe("a⟦U+001B⟧]0;title⟦U+0007⟧b⟦U+001B⟧[2Jc⟦U+000D⟧⟦U+0008⟧⟦U+009B⟧31md\te\nf");
});
