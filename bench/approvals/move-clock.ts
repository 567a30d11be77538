/** Loaded before a program: whenever it asks for the time, it is told a later one. */
const laterMs = Number(process.env["BENCH_LATER_MS"] ?? "0");

if (laterMs > 0) {
  const now = Date.now.bind(Date);
  Date.now = () => now() + laterMs;
  globalThis.Date = new Proxy(Date, {
    construct: (target, args: [], newTarget) =>
      Reflect.construct(target, args.length === 0 ? [Date.now()] : args, newTarget) as Date,
  });
}
