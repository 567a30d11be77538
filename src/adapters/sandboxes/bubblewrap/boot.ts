import { createServer } from "node:net";

/**
 * The first program of a sandbox that may reach something: it listens inside, hands the listener out
 * to whoever decides on connections, and becomes the program. No foreign code has run until then, and
 * the channel does not outlive it.
 */
const [, , port = "", ...command] = process.argv;
const [program = ""] = command;

const server = createServer();
server.listen({ host: "127.0.0.1", port: Number(port), backlog: 128 }, () => {
  process.once("message", (environment: Record<string, string>) => {
    process.disconnect();
    process.execve!(program, command, environment);
  });
  process.send!("listening", server);
});
