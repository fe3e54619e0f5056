//go:build !linux

package gpu

func secondLevelCache() int { return usualCache }
