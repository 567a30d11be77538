const units = [
  ["TiB", 2 ** 40],
  ["GiB", 2 ** 30],
  ["MiB", 2 ** 20],
  ["KiB", 2 ** 10],
  ["B", 1],
] as const;

export const sizeShape = /^(\d{1,12})(B|KiB|MiB|GiB|TiB)$/;

/** `512B`, `16KiB`, `64MiB` in bytes; null when it is not a size. Binary units only: they cannot be misread. */
export function parseSize(text: string): number | null {
  const [, digits, name] = sizeShape.exec(text) ?? [];
  if (digits === undefined) return null;
  const bytes = Number(digits) * units.find(([unit]) => unit === name)![1];
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** The one canonical spelling: the largest unit that divides the size. */
export function formatSize(bytes: number): string {
  const [unit, unitBytes] = units.find(([, each]) => bytes >= each && bytes % each === 0) ?? [
    "B",
    1,
  ];
  return `${bytes / unitBytes}${unit}`;
}
