interface KeyGroup {
  readonly title: string;
  readonly keys: readonly { readonly keys: readonly string[]; readonly does: string }[];
}

/** Keys of single pages; each page says them, too. */
export const otherKeys: readonly KeyGroup[] = [
  {
    title: "In the inbox",
    keys: [
      { keys: ["j"], does: "The next one" },
      { keys: ["k"], does: "The one before" },
      { keys: ["Enter"], does: "Open it" },
      { keys: ["x"], does: "Select it" },
      { keys: ["e"], does: "Explain why it asks" },
      { keys: ["a"], does: "Approve" },
      { keys: ["d"], does: "Deny" },
      { keys: ["?"], does: "All keys of the inbox" },
    ],
  },
];
