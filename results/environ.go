package results

import (
	"runtime"
	"runtime/debug"
	"time"
)

const unknown = "unknown"

// Environ describes this machine and program. The caller names the BLAS in use, and the commit if the build was told;
// otherwise the commit is the one that Go stamped into the program, or "unknown".
func Environ(commit, blas string) Environment {
	gpu, driver := graphics()
	e := Environment{
		Time: time.Now().UTC(), OS: runtime.GOOS + "/" + runtime.GOARCH,
		CPU: processor(), Cores: runtime.NumCPU(), Memory: memory(),
		GPU: gpu, Driver: driver, BLAS: orUnknown(blas), Go: runtime.Version(), Modules: map[string]string{},
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		e.Commit = orUnknown(commit)
		return e
	}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		e.Modules[m.Path] = m.Version
	}
	if commit == "" {
		commit = stamped(info.Settings)
	}
	e.Commit = orUnknown(commit)
	return e
}

// stamped is the commit in a program's build settings, if any.
func stamped(settings []debug.BuildSetting) string {
	var revision, modified string
	for _, s := range settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			modified = "+modified"
		}
	}
	if revision == "" {
		return ""
	}
	return revision + modified
}
