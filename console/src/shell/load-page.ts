import { createElement, use, type ComponentType, type FunctionComponent } from "react";

/** A part of the console did not come: there is a newer one, or nothing answers. */
export class PartMissing extends Error {
  override readonly name = "PartMissing";
}

/** A component that the router may ask for before it is shown. */
export type LoadedPage<Props> = FunctionComponent<Props> & {
  readonly preload: () => Promise<void>;
};

/**
 * A page, or a view of one, that is read when it is opened. The router's own way would reload at once if a
 * part is gone, and the key and whatever was typed with it: here the person is asked.
 */
export function loadPage<Name extends string, Props extends object>(
  importer: () => Promise<Readonly<Record<Name, ComponentType<Props>>>>,
  name: Name,
): LoadedPage<Props> {
  let part: Promise<ComponentType<Props>> | null = null;
  let isMissing = false;
  const load = (): Promise<ComponentType<Props>> =>
    (part ??= importer().then(
      (exports) => exports[name],
      (cause: unknown) => {
        isMissing = true;
        throw new PartMissing("This part of the console did not come.", { cause });
      },
    ));
  const Loaded = (props: Props) => createElement(use(load()), props);
  return Object.assign(Loaded, {
    // Whoever goes there anew tries anew; what is wrong is told where it is shown.
    async preload() {
      if (isMissing) [part, isMissing] = [null, false];
      await load().catch(() => undefined);
    },
  });
}
