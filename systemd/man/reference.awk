# Makes config/camtap.toml, which describes each key above it, a manual page in the language of scdoc(5).
BEGIN {
    print "camtap.toml(5)\n\n# NAME\n\ncamtap.toml - the configuration of camtapd(8)\n\n# DESCRIPTION\n"
}

/^$/ { end_of_group(); next }
/^# / { words = words (words == "" ? "" : " ") substr($0, 3); next }
/^#?\[/ { sub(/^#/, ""); table = $0; next }
/^#[a-z]/ { setting[++settings] = substr($0, 2) }

END {
    end_of_group()
    print "# FILES\n\n_/etc/camtap/camtap.toml_++\n_/etc/camtap/camtap.d/\\*.toml_\n"
    print "# SEE ALSO\n\n*camtapd*(8), *camtap*(1)"
}

# A group is what stands together between two empty lines: words, perhaps the head of a table, settings.
function end_of_group() {
    if (table != "") new_table()
    else if (settings > 0) keys()
    else if (words != "") print escaped(words) "\n"
    words = table = ""
    settings = 0
}

function new_table(    i) {
    title = words == "" ? "The daemon" : words
    sub(/[.,:].*/, "", title)
    printf "# %s\n\n%s\n\n```\n%s\n", toupper(title), escaped(words), table
    for (i = 1; i <= settings; i++) print setting[i]
    print "```\n"
}

function keys(    i, equals) {
    for (i = 1; i <= settings; i++) {
        equals = index(setting[i], " = ")
        printf "*%s*%s%s\n", escaped(substr(setting[i], 1, equals - 1)), escaped(substr(setting[i], equals)),
            i < settings ? "++" : ""
    }
    printf "\t%s\n\n", escaped(words)
}

function escaped(text) {
    gsub(/[\\*_`]/, "\\\\&", text)
    return text
}
