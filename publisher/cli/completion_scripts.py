"""The completion scripts. Each asks `publish __complete` for what fits, and offers files if nothing does.

`publish __complete CURSOR WORD …` gets the words after `publish`; CURSOR is the number, from 1, of the one that is
being typed, which may be missing if it is empty. It prints a value per line, with a tab before its description.
"""

_BASH = r"""# Completion of `publish` for bash. Load it now: source <(publish completion bash)
# To keep it: publish completion bash > ~/.local/share/bash-completion/completions/publish
_publish() {
  local value description typed=${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=()
  while IFS=$'\t' read -r value description; do
    case $typed$value in
      [\"\']*) ;;
      *[[:space:]\"\'\\\$\`\&\;\|\<\>\(\)\[\]\{\}\*\?\!\#\~]*) value=$(printf %q "$value") ;;
    esac
    COMPREPLY+=("$value")
  done < <("${COMP_WORDS[0]/#\~/$HOME}" __complete "$COMP_CWORD" "${COMP_WORDS[@]:1}" 2>/dev/null)
}
complete -o nosort -o bashdefault -o default -F _publish publish 2>/dev/null ||
  complete -o bashdefault -o default -F _publish publish
"""

_ZSH = r"""#compdef publish
# Completion of `publish` for zsh. Load it now: source <(publish completion zsh)
# To keep it, write it to a file named _publish in a folder of $fpath.
_publish() {
  local line
  local -a described
  for line in "${(@f)$("${(Q)words[1]/#\~/$HOME}" __complete $((CURRENT - 1)) "${(@Q)words[2,-1]}" 2>/dev/null)}"; do
    [[ -n $line ]] && described+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
  done
  if (( $#described )); then
    _describe -V value described
  else
    _files
  fi
}
if [[ $funcstack[1] == _publish ]]; then
  _publish "$@"
else
  compdef _publish publish
fi
"""

_FISH = r"""# Completion of `publish` for fish. Load it now: publish completion fish | source
# To keep it: publish completion fish > ~/.config/fish/completions/publish.fish
function __publish_complete
    set -l words (commandline -opc)
    set -l program $words[1]
    set -l cursor (count $words)
    set -l typed (commandline -ct)
    set -e words[1]
    set -l found ($program __complete $cursor $words "$typed" 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path "$typed"
    end
end
complete -c publish -f -k -a '(__publish_complete)'
"""

_POWERSHELL = r"""# Completion of `publish` for PowerShell. Load it now, or in the file that $PROFILE names:
# publish completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName publish -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $before = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition })
    $typed = @($commandAst.CommandElements | Where-Object {
        $_.Extent.StartOffset -lt $cursorPosition -and $_.Extent.EndOffset -ge $cursorPosition })
    $words = @(@($before | Select-Object -Skip 1) + $typed | ForEach-Object {
        if ($null -ne $_.Value) { $_.Value } else { $_.Extent.Text } })
    & $commandAst.CommandElements[0].Extent.Text __complete $before.Count @words 2>$null | ForEach-Object {
        $value, $description = $_ -split "`t", 2
        if (-not $description) { $description = $value }
        $text = if ($value -match '[\s,;()''$`]') { "'" + ($value -replace "'", "''") + "'" } else { $value }
        [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', $description)
    }
}
"""

SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH, "powershell": _POWERSHELL}
"""The script of each shell."""
