//go:build !linux

package results

func processor() string              { return unknown }
func memory() int64                  { return -1 }
func graphics() (gpu, driver string) { return unknown, unknown }
