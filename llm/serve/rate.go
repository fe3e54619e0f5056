package serve

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// rates limits the turns of each client. Memory is bounded: a client whose allowance is whole again is as good as a new one, and
// where all places are taken by others, new ones share one allowance.
type rates struct {
	every rate.Limit // 0: no limit
	burst int

	mu      sync.Mutex
	clients map[string]*rate.Limiter
	rest    *rate.Limiter
}

const clientsMost = 4096

func newRates(perMinute, burst int) *rates {
	every := rate.Limit(float64(perMinute) / 60)
	return &rates{every: every, burst: burst, clients: map[string]*rate.Limiter{}, rest: rate.NewLimiter(every, burst)}
}

// wait takes n turns from a client's allowance. Where that has not as many, it takes none and says when it will.
func (r *rates) wait(client string, n int) time.Duration {
	if r.every == 0 {
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	reserved := r.of(client, now).ReserveN(now, n)
	wait := reserved.DelayFrom(now)
	if wait > 0 {
		reserved.CancelAt(now)
	}
	return wait
}

func (r *rates) of(client string, now time.Time) *rate.Limiter {
	if l := r.clients[client]; l != nil {
		return l
	}
	if len(r.clients) >= clientsMost {
		for name, l := range r.clients {
			if l.TokensAt(now) >= float64(r.burst) {
				delete(r.clients, name)
			}
		}
		if len(r.clients) >= clientsMost {
			return r.rest
		}
	}
	l := rate.NewLimiter(r.every, r.burst)
	r.clients[client] = l
	return l
}

// place is where a request comes from. Who has one address of version 6 has all of its network's.
func place(remote string) string {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return remote
	}
	address := at.Addr().Unmap().WithZone("")
	if address.Is6() {
		if network, err := address.Prefix(64); err == nil {
			return network.String()
		}
	}
	return address.String()
}
