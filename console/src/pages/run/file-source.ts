import type { RunFile } from "./parse-run-file.ts";
import type { RunSource, ShownEvent } from "./run-source.ts";

/** As many events at once as a server gives. */
const eventsAtOnce = 500;

/** A run as it was when it was exported. Nobody else is asked: what is not in the file is not there. */
export function createFileSource(file: RunFile, name: string): RunSource {
  const texts = new Map<string, string | null>();
  const events = file.events.map((each) => takeTexts(each, texts));
  return {
    id: `file ${name} ${file.run.id}`,
    isLive: false,
    readRun: async () => file.run,
    readTrace: async () => file.trace,
    readEvents: async (after) => {
      const from = events.findIndex(({ seq }) => seq > after);
      if (from < 0) return { events: [], next: null };
      const page = events.slice(from, from + eventsAtOnce);
      const isLast = from + page.length >= events.length;
      return { events: page, next: isLast ? null : page.at(-1)!.seq };
    },
    readContent: async (digest) => texts.get(digest) ?? null,
    readContext: async (step) => file.contexts?.find((each) => each.step === step) ?? null,
    readExplanation: async () => file.explanation ?? null,
  };
}

/** An event without the texts that were exported beside it, as the server shows it. */
function takeTexts({ seq, event }: ShownEvent, texts: Map<string, string | null>): ShownEvent {
  const { contents, ...rest } = event as ShownEvent["event"] & {
    readonly contents?: Readonly<Record<string, string | null>>;
  };
  for (const [digest, text] of Object.entries(contents ?? {})) texts.set(digest, text);
  return { seq, event: rest };
}
