package gpu

import (
	"os"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// secondLevelCache is its size in bytes, of the first core.
func secondLevelCache() int {
	text, err := os.ReadFile("/sys/devices/system/cpu/cpu0/cache/index2/size")
	if err != nil {
		return usualCache // virtual machines may hide it
	}
	kib, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(string(text)), "K"))
	if err != nil || kib < 64 || kib > 1<<16 {
		return usualCache
	}
	return kib << 10
}

// physicalMemory is the machine's, in bytes, or 0 where it is unknown.
var physicalMemory = sync.OnceValue(func() int64 {
	var s unix.Sysinfo_t
	if unix.Sysinfo(&s) != nil {
		return 0
	}
	return int64(uint64(s.Totalram) * uint64(s.Unit)) //nolint:unconvert // 32-bit machines count in uint32
})
