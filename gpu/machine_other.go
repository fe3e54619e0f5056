//go:build !linux

package gpu

func secondLevelCache() int { return usualCache }

func physicalMemory() int64 { return 0 }
