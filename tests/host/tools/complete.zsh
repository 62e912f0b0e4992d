#!/usr/bin/zsh -f
# SPDX-License-Identifier: GPL-2.0-only
#
# complete.zsh FILE LINE...: print what zsh offers for the last word of each line, by the
# completion in FILE.
#
# Completion only works in an interactive shell, so there is one in a pseudo-terminal; it
# writes down what is offered instead of showing it.

zmodload zsh/zpty || exit
work=$(mktemp -d) || exit
cp $1 $work/_dmabuf-vfio-pci
cat >$work/rc <<'END'
PROMPT=ready RPROMPT=
fpath=($work $fpath)
autoload -Uz compinit
compinit -D -u
compadd()
{
	local -a found
	# These calls ask which words match, and offer none.
	if [[ " ${(j: :)@[1,(i)--]} " == *\ -[OAD]\ * ]]; then
		builtin compadd "$@"
		return
	fi
	builtin compadd -A found "$@"
	((!$#found)) || print -rl -- $found >>$work/offered
}
bindkey '^I' complete-word
END
: >$work/offered
zpty shell "work=$work zsh -f -i"
zpty -w shell ". $work/rc"
# Before its prompt the terminal would edit the lines.
zpty -r shell output "*ready"
for line in ${@[2,-1]}; do
	# Control-U clears the line after the completion.
	zpty -w -n shell "$line"$'\t\025'
done
zpty -w shell "exit"
while zpty -r shell output; do
	:
done
cat $work/offered
rm -r $work
