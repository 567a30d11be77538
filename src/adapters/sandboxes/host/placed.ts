/** Something of the host that is seen in the sandbox, read-only. */
export type Placed =
  | { readonly kind: "bind"; readonly source: string; readonly path: string }
  | { readonly kind: "link"; readonly target: string; readonly path: string };

/** What lies within a mount and is not to be seen there. */
export interface Cover {
  readonly kind: "directory" | "file";
  readonly path: string;
}
