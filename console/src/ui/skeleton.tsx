/** What is being read has its place already: nothing moves when it comes. */
export function Skeleton({ rows = 6 }: { readonly rows?: number }) {
  return (
    <div role="status" aria-label="Reading" className="grid gap-3 p-4">
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} className="h-5 animate-pulse rounded bg-hover" />
      ))}
    </div>
  );
}
