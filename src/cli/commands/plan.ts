import type { Run } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { readDocument, withFile } from "../read-document.ts";
import { count, renderChanges, shorten } from "../render-changes.ts";

export const plan: Run<{ json: boolean; file?: string; url?: string }> = async (
  { parts, voice },
  flags,
) => {
  const { file, text } = await readDocument(parts.files, flags.file);
  const { client } = await parts.connect(flags.url);
  const { body } = await withFile(file, client.planConfig({ body: text }));
  const { changes, base, digest } = body;
  const how = changes.some(({ restart }) => restart)
    ? "A running server refuses those marked so; restart it to take them."
    : "`countersign apply` makes them.";
  voice.answer(
    { file, ...body },
    base === digest
      ? `${file} changes nothing; ${shorten(base)} is serving.`
      : `${renderChanges(body, voice.paint)}\n\n${file} would make ${count(changes.length, "change")}: ` +
          `${shorten(base)} → ${shorten(digest)}. ${how}`,
  );
  return exitCodes.ok;
};
