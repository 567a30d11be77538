/** Programs whose arguments are a program again: allowing one of them allows everything. */
const interpreters: ReadonlySet<string> = new Set(
  [
    "sh bash rbash dash ash ksh mksh pdksh yash zsh fish csh tcsh rc es busybox toybox pwsh powershell cmd command.com wsl nu xonsh elvish",
    "env xargs parallel nice ionice nohup setsid timeout time stdbuf watch script expect unbuffer flock chrt taskset prlimit ltrace strace gdb lldb perf catchsegv entr sudo doas su runuser pkexec chroot unshare nsenter setpriv capsh start-stop-daemon systemd-run at batch crontab ssh rsh mosh screen tmux dbus-run-session firejail bwrap proot fakeroot run-parts ld.so",
    "eval exec source . command builtin trap alias coproc",
    "python pypy ipython perl raku ruby irb jruby node nodejs deno bun qjs tsx ts-node npx npm pnpm pnpx yarn bunx uvx uv pipx php lua luajit tclsh wish guile racket sbcl clisp emacs emacsclient scheme java jshell groovy kotlin scala clojure julia r rscript octave ghc runghc ocaml erl elixir iex swift go cargo dotnet csi fsi osascript cscript wscript mshta rundll32 wish gawk mawk nawk awk sed ed ex vi vim nvim view vimdiff nano pico less more most man make gmake cmake ninja bazel m4 dc gdbserver sqlite3 psql mysql docker podman kubectl nerdctl",
  ]
    .join(" ")
    .split(" "),
);

/** Whether the last part of its path, less a version such as `3.12`, is an interpreter's name. */
export function isInterpreter(program: string): boolean {
  const name = program
    .slice(program.lastIndexOf("/") + 1)
    .toLowerCase()
    .replace(/\.exe$/, "");
  if (interpreters.has(name)) return true;
  return interpreters.has(name.replace(/[-.\d]*\d[a-z]?$/, "")) || name.startsWith("ld-linux");
}

/**
 * Options with which an ordinary program runs another one. They are refused without being listed.
 * It is what is known, not all there is: a listed program answers for what its options can do.
 */
export const runningFlags: ReadonlyMap<string, readonly string[]> = new Map([
  [
    "find",
    ["-exec", "-execdir", "-ok", "-okdir", "-delete", "-fprint", "-fprint0", "-fprintf", "-fls"],
  ],
  [
    "tar",
    [
      "--checkpoint-action",
      "--to-command",
      "--use-compress-program",
      "--rsh-command",
      "--info-script",
      "--new-volume-script",
      "-I",
      "-F",
    ],
  ],
  [
    "git",
    [
      "-c",
      "--config-env",
      "--exec-path",
      "--upload-pack",
      "--receive-pack",
      "--upload-archive",
      "--exec",
      "--extcmd",
      "--open-files-in-pager",
      "-O",
      "-x",
    ],
  ],
  ["rsync", ["-e", "--rsh", "--rsync-path"]],
  ["scp", ["-S", "-o", "-F"]],
  ["sftp", ["-S", "-o", "-F", "-b", "-D"]],
  ["zip", ["-T", "--unzip-command"]],
  ["sort", ["--compress-program"]],
  ["rg", ["--pre", "--hostname-bin"]],
  ["fd", ["-x", "-X", "--exec", "--exec-batch"]],
  ["split", ["--filter"]],
  ["tcpdump", ["-z"]],
  ["wget", ["--use-askpass", "--config", "-e", "--execute"]],
  ["curl", ["-K", "--config"]],
]);

/** Those of a program by any path; `gtar` and `bsdtar` are tar. */
export function runningFlagsOf(program: string): readonly string[] {
  const name = program.slice(program.lastIndexOf("/") + 1);
  return runningFlags.get(name.replace(/^(?:g|bsd)(?=tar$|find$|sort$|split$)/, "")) ?? [];
}
