package bundle

import (
	"fmt"
	"os"
	"os/user"
	"regexp"
	"slices"
	"strings"
)

// Private is what must not leave the machine, besides what [Leak] finds anywhere: the values of keys, and names.
type Private struct {
	Keys []string // values
	User string
	Host string
	Home string
}

// Local is what is private here: the values of environment variables that are keys by their names, the user, the host and the
// home folder. Names that everybody has say nothing of anybody and are left out.
func Local() Private {
	var p Private
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		if keyName.MatchString(name) && len(value) >= shortestKey {
			p.Keys = append(p.Keys, value)
		}
	}
	if u, err := user.Current(); err == nil {
		p.User, p.Home = personal(u.Username), u.HomeDir
	}
	if host, err := os.Hostname(); err == nil {
		p.Host = personal(host)
	}
	return p
}

// shortestKey keeps a variable such as KEY=1 from being found everywhere.
const shortestKey = 8

var keyName = regexp.MustCompile(`(?i)(key|token|secret|password)$`)

func personal(name string) string {
	common := []string{"root", "user", "admin", "ubuntu", "debian", "runner", "build", "nobody", "localhost", "container", "docker", "host"}
	if len(name) < 3 || slices.Contains(common, strings.ToLower(name)) {
		return ""
	}
	return name
}

// Leak is something private in a file. It does not repeat a key.
type Leak struct {
	File string
	Line int // 0: of a binary file
	What string
}

func (l Leak) place() string {
	if l.Line == 0 {
		return ""
	}
	return fmt.Sprintf("line %d", l.Line)
}

func (l Leak) String() string {
	return Difference{File: l.File, Place: l.place(), What: l.What}.String()
}

var (
	keyForms = regexp.MustCompile(`\b(sk-[A-Za-z0-9_-]{16,}|hf_[A-Za-z0-9]{20,}|gh[pousr]_[A-Za-z0-9]{20,}|AKIA[A-Z0-9]{16})\b|(?i:\bBearer\s+[A-Za-z0-9._~+/=-]{8,})|(?i:\b(?:password|passwd|secret|api_?key)\s*[=:]\s*[^\s"',;{}\[\]]{6,})`)

	// A path of two or more parts, where a word begins. Addresses have something before it, and servers' own paths are no files.
	unixPath    = regexp.MustCompile(`(?:^|[\s"'=:;,(\[{<>|` + "`" + `])(/[A-Za-z0-9._@+~-]+(?:/[A-Za-z0-9._@+~-]+)+)`)
	windowsPath = regexp.MustCompile(`\b[A-Za-z]:\\+[A-Za-z0-9._ -]+`) // a backslash is doubled in JSON
	homePath    = regexp.MustCompile(`(?:^|[\s"'=:,(\[{<>|` + "`" + `])(~(?:[A-Za-z][A-Za-z0-9._-]*)?/[A-Za-z0-9._@+~-]+)`)
	fileAddress = regexp.MustCompile(`\bfile:/+[A-Za-z0-9._@+~/-]+`)
	mailAddress = regexp.MustCompile(`\b[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}\b`)
	serverPath  = regexp.MustCompile(`^/(api|v1|v2)/`)
)

// leaks finds what is private in a text.
func (p Private) leaks(text string) []string {
	var out []string
	for _, key := range p.Keys {
		if strings.Contains(text, key) {
			out = append(out, "the value of a key in this machine's environment")
		}
	}
	if keyForms.MatchString(text) {
		out = append(out, "something in the form of a key")
	}
	for what, name := range map[string]string{"the user's name": p.User, "the host's name": p.Host} {
		if name != "" && standsIn(text, name) {
			out = append(out, what+", "+name)
		}
	}
	slices.Sort(out)
	if p.Home != "" && p.Home != "/" && strings.Contains(text, p.Home+"/") {
		return append(out, "the home folder, "+p.Home)
	}
	for _, m := range unixPath.FindAllStringSubmatch(text, -1) {
		if !serverPath.MatchString(m[1]) {
			out = append(out, "an absolute path, "+m[1]+": repeat the run with a relative one, such as of a data set by its name or as ./mydata")
		}
	}
	for _, form := range []*regexp.Regexp{windowsPath, fileAddress} {
		if m := form.FindString(text); m != "" {
			out = append(out, "an absolute path, "+m)
		}
	}
	if m := homePath.FindStringSubmatch(text); m != nil {
		out = append(out, "a path in a home folder, "+m[1])
	}
	if m := mailAddress.FindString(text); m != "" {
		out = append(out, "an address of somebody's, "+m)
	}
	return out
}

// standsIn tells whether a name is a word of the text.
func standsIn(text, name string) bool {
	part := func(c byte) bool {
		return c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
	}
	for from := 0; ; {
		n := strings.Index(text[from:], name)
		if n < 0 {
			return false
		}
		start, end := from+n, from+n+len(name)
		if (start == 0 || !part(text[start-1])) && (end == len(text) || !part(text[end])) {
			return true
		}
		from = start + 1
	}
}
