/**
 * Loaded before a program that the quickstart starts, which holds its standard input: when the quickstart
 * ends, however it ends, the program is told to end as well.
 */
process.stdin.once("end", () => process.kill(process.pid, "SIGTERM"));
process.stdin.resume();
process.stdin.unref();
