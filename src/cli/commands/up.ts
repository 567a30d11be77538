import type { Run } from "../command.ts";
import type { ServeEvent } from "../context.ts";
import { shorten } from "../render-changes.ts";
import type { Paint } from "../voice.ts";

export const up: Run<{ json: boolean; file?: string; listen?: string }> = async (
  { parts, voice },
  flags,
) => {
  return parts.serve({
    file: flags.file,
    listen: flags.listen,
    onEvent: (event) => {
      if (voice.json) voice.answer(event, "");
      else voice.note(render(event, voice.paint));
    },
  });
};

function render(event: ServeEvent, paint: Paint): string {
  switch (event.event) {
    case "starting":
      return paint.dim(`Countersign ${event.version} starts (pid ${event.pid}).`);
    case "ready": {
      const rows = [
        ["store", event.store],
        [
          "config",
          `${event.file ?? "defaults, as there is no countersign.yaml"}, ${shorten(event.revision)}`,
        ],
        ...event.keys.map(({ role, place, made }) => [
          `${role} key`,
          made ? `${place} (new)` : place,
        ]),
      ] as const;
      const lines = rows.map(([name, value]) => `  ${paint.dim(name.padEnd(13))} ${value}`);
      const took = paint.dim(`(${(event.startedInMs / 1000).toFixed(1)} s)`);
      return `${paint.green("ready")} ${paint.bold(event.url)} ${took}\n${lines.join("\n")}\n  Ctrl-C stops it.`;
    }
    case "draining":
      return `${event.reason}: what is under way ends within ${event.withinMs / 1000} s; once more exits at once.`;
    case "stopped":
      return event.cut ? "Stopped; what did not end in time was cut." : "Stopped.";
  }
}
