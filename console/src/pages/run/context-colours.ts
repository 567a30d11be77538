/** Each kind of what stands in a window looks the same wherever it stands. */
export const contextKinds = [
  { kind: "instructions", title: "Instructions", look: "bg-ok" },
  { kind: "skills", title: "Skills", look: "bg-ok/50" },
  { kind: "tools", title: "Tools", look: "bg-info" },
  { kind: "sources", title: "Sources", look: "bg-warn" },
  { kind: "conversation", title: "Conversation", look: "bg-accent" },
] as const;

export type ContextKind = (typeof contextKinds)[number]["kind"];
