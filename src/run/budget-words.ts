export function toBudgetWords({ over, reason }: { over: string; reason: string }): string {
  return reason === "unknown_price"
    ? `There is a cap of ${over}, and nobody knows the price.`
    : `The cap of ${over} is reached.`;
}
