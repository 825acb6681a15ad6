/** The shells that completion is made for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** One of {@link SHELLS}. */
export type Shell = (typeof SHELLS)[number];

/** What a shell reads to complete `podshift`: it asks the command itself, so that what it offers is always what this version has. */
export const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# podshift completion for bash. In ~/.bashrc: source <(podshift completion bash)
_podshift() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :files) compopt -o default 2>/dev/null ;;
      *) COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done < <("\${COMP_WORDS[0]}" __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _podshift podshift
`,
  zsh: `#compdef podshift
# podshift completion for zsh. In ~/.zshrc, behind compinit: source <(podshift completion zsh)
_podshift() {
  local line files=no
  local -a found
  while IFS= read -r line; do
    case $line in
      :files) files=yes ;;
      *$'\\t'*) found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
      *) found+=("\${line//:/\\\\:}") ;;
    esac
  done < <("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)
  (( \${#found} )) && _describe podshift found
  [[ $files == yes ]] && _files
}
if [[ "\${funcstack[1]}" == _podshift ]]; then _podshift "$@"; else compdef _podshift podshift; fi
`,
  fish: `# podshift completion for fish: podshift completion fish > ~/.config/fish/completions/podshift.fish
function __podshift_complete
  set -l before (commandline -opc)
  set -l current (commandline -ct)
  for line in (podshift __complete $before[2..-1] "$current" 2>/dev/null)
    if test "$line" = ':files'
      __fish_complete_path "$current"
    else
      echo $line
    end
  end
end
complete -c podshift -f -a '(__podshift_complete)'
`,
};
