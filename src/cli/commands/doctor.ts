import { withoutControls } from "../../lib/without-controls.ts";
import type { Check } from "../../model/check.ts";
import type { Run } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Paint } from "../voice.ts";

export const doctor: Run<{ json: boolean; file?: string; url?: string }> = async (
  { parts, voice },
  flags,
) => {
  const checks: Check[] = [];
  for await (const check of parts.diagnose({ file: flags.file, url: flags.url })) {
    checks.push(check);
    // As they come: the slow ones (a Postgres is started) are not waited for in silence.
    if (!voice.json) voice.note(render(check, voice.paint));
  }
  const tally = (status: Check["status"]) =>
    checks.filter((check) => check.status === status).length;
  const [ok, warn, fail] = [tally("ok"), tally("warn"), tally("fail")];
  voice.answer({ ok: fail === 0, checks }, `\n${ok} ok, ${warn} to know, ${fail} to mend.`);
  return fail === 0 ? exitCodes.ok : exitCodes.failed;
};

function render({ name, status, message, remedy }: Check, paint: Paint): string {
  const mark = { ok: paint.green("ok  "), warn: paint.yellow("warn"), fail: paint.red("FAIL") }[
    status
  ];
  // Parts of it may be a server's own words.
  const line = `${mark}  ${paint.bold(name.padEnd(18))} ${withoutControls(message)}`;
  return remedy === null ? line : `${line}\n${" ".repeat(25)}${paint.dim("→")} ${remedy}`;
}
