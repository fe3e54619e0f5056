package gpu

import (
	"os"
	"strconv"
	"strings"
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
