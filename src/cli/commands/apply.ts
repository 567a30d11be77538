import type { Run } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { readDocument, withFile } from "../read-document.ts";
import { count, renderChanges, shorten } from "../render-changes.ts";

/** Applies what was just shown: fenced by the revision that the plan was made on. */
export const apply: Run<{ json: boolean; file?: string; url?: string; base?: string }> = async (
  { parts, voice },
  flags,
) => {
  const { file, text } = await readDocument(parts.files, flags.file);
  const { client } = await parts.connect(flags.url);
  const planned = await withFile(file, client.planConfig({ body: text }));
  const base = flags.base ?? planned.body.base;
  const { changes } = planned.body;
  if (changes.length > 0) voice.note(renderChanges(planned.body, voice.paint));
  const { body } = await withFile(file, client.applyConfig({ ifMatch: `"${base}"`, body: text }));
  voice.answer(
    { file, base, ...body, changes },
    body.kind === "unchanged"
      ? `${file} changes nothing; ${shorten(body.digest)} is serving.`
      : `${shorten(body.digest)} is serving, with ${count(changes.length, "change")}.`,
  );
  return exitCodes.ok;
};
