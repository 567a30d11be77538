import { places } from "../../shell/places.ts";
import { Key } from "../../ui/button.tsx";
import { Section } from "../../ui/page.tsx";
import { otherKeys } from "./other-keys.ts";

/** Every key of the keyboard that does something. */
export function KeysPart() {
  const groups = [
    {
      title: "Everywhere",
      keys: [
        { keys: ["Ctrl", "K"], does: "Go anywhere, or do something: by a word or an id" },
        ...places.map(({ letter, title }) => ({ keys: ["g", letter], does: `Go to ${title}` })),
        { keys: ["Tab"], does: "To the next thing that can be used" },
        { keys: ["Esc"], does: "Close what is open" },
      ],
    },
    ...otherKeys,
  ];
  return (
    <Section title="Keys" aside="⌘ in place of Ctrl on a Mac">
      <div className="grid gap-6 md:grid-cols-2">
        {groups.map(({ title, keys }) => (
          <div key={title}>
            <h3 className="mb-2 text-xs font-medium text-muted">{title}</h3>
            <dl className="grid gap-1.5 text-sm">
              {keys.map(({ keys: pressed, does }) => (
                <div key={does} className="flex items-center gap-3">
                  <dt className="flex w-20 shrink-0 gap-1">
                    {pressed.map((key) => (
                      <Key key={key}>{key}</Key>
                    ))}
                  </dt>
                  <dd>{does}</dd>
                </div>
              ))}
            </dl>
          </div>
        ))}
      </div>
    </Section>
  );
}
