import type { Run } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";

export type Shell = "bash" | "zsh" | "fish";

// Each asks the program itself for proposals, so that no list of flags can grow old.
const scripts: Readonly<Record<Shell, string>> = {
  bash: `_countersign() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$(countersign __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _countersign countersign`,
  zsh: `_countersign() {
  local -a proposals
  proposals=("\${(@f)$(countersign __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -a proposals
}
compdef _countersign countersign`,
  fish: `complete -c countersign -f -a '(countersign __complete (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'`,
};

export const completion: Run<{ json: boolean }, [Shell]> = async ({ voice }, _flags, shell) => {
  voice.answer({ shell, script: scripts[shell] }, scripts[shell]);
  return exitCodes.ok;
};
