import { chooseTheme, theme, themes, type Theme } from "../../shell/theme.ts";
import { Section } from "../../ui/page.tsx";
import { useSignal } from "../../ui/signal.ts";

const titles: Readonly<Record<Theme, string>> = {
  system: "As the system",
  light: "Light",
  dark: "Dark",
};

export function ThemePart() {
  const chosen = useSignal(theme);
  return (
    <Section title="Theme" aside="kept by this browser">
      <fieldset className="flex flex-wrap gap-2">
        <legend className="sr-only">Theme</legend>
        {themes.map((name) => (
          <label
            key={name}
            className="flex h-9 items-center gap-2 rounded-md border border-line-strong px-3 text-sm has-checked:border-accent has-checked:bg-accent-soft has-checked:text-accent"
          >
            <input
              type="radio"
              name="theme"
              className="accent-accent-solid"
              checked={name === chosen}
              onChange={() => chooseTheme(name)}
            />
            {titles[name]}
          </label>
        ))}
      </fieldset>
    </Section>
  );
}
