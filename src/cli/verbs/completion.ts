import { z } from 'zod';
import { invalidField } from '../../errors.js';
import { EXIT } from '../exit-codes.js';
import { examples, type Verb } from '../verb.js';

const Shell = z.enum(['bash', 'zsh', 'fish']);

export const completionVerb: Verb = (program, define) => {
  const command = program
    .command('completion')
    .summary('Prints a completion script for a shell.')
    .description('Prints a script that makes a shell complete verbs, flags, kinds and live names.')
    .argument('<shell>', Shell.options.join(', '))
    .addHelpText(
      'after',
      examples(
        'source <(nfvctl completion bash)',
        'nfvctl completion zsh > "${fpath[1]}/_nfvctl"',
        'nfvctl completion fish > ~/.config/fish/completions/nfvctl.fish',
      ),
    );
  define(command, async ({ out }, [text = '']) => {
    const shell = Shell.safeParse(text);
    if (!shell.success) {
      throw invalidField(
        'SHELL',
        text,
        'not a shell known here',
        `give ${Shell.options.join(', ')}`,
      );
    }
    await out.write(SCRIPTS[shell.data]);
    return EXIT.ok.code;
  });
};

/** Each asks `nfvctl __complete -- WORD...`, which answers with lines of `WORD[<tab>ABOUT]`. */
const SCRIPTS: Readonly<Record<z.infer<typeof Shell>, string>> = {
  bash: `# bash completion for nfvctl
_nfvctl() {
  local IFS=$'\\n' words=() joins= word i
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    # The shell takes addresses and --flag=value apart.
    if [[ -n $joins || $word == [=:] ]] && ((\${#words[@]})); then
      words[-1]+=$word
    else
      words+=("$word")
    fi
    [[ $word == [=:] ]] && joins=1 || joins=
  done
  COMPREPLY=($(nfvctl __complete -- "\${words[@]}" 2>/dev/null | cut -f1))
  # Only its last part is replaced.
  word=\${COMP_WORDS[COMP_CWORD]}
  [[ $word == [=:] ]] && word=
  word=\${words[-1]%"$word"}
  COMPREPLY=("\${COMPREPLY[@]#"$word"}")
  # A name follows.
  [[ \${#COMPREPLY[@]} == 1 && \${COMPREPLY[0]} == */ ]] && compopt -o nospace
  return 0
}
complete -o default -F _nfvctl nfvctl
`,
  zsh: `#compdef nfvctl
_nfvctl() {
  local -a found
  local line word about
  while IFS= read -r line; do
    word="\${line%%$'\\t'*}"
    about="\${line#"$word"}"
    found+=("\${word//:/\\\\:}\${about:+:\${about#$'\\t'}}")
  done < <(nfvctl __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#found} )); then
    _describe 'nfvctl' found
  else
    _files
  fi
}
if [ "\${funcstack[1]}" = "_nfvctl" ]; then
  _nfvctl "$@"
else
  compdef _nfvctl nfvctl
fi
`,
  fish: `# fish completion for nfvctl
function __nfvctl_complete
  set -l words (commandline -opc) (commandline -ct)
  nfvctl __complete -- $words[2..-1] 2>/dev/null
end
complete -c nfvctl -a '(__nfvctl_complete)'
`,
};
