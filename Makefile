# `make bench` and `make test` do all the set-up they need; `make help` lists the rest.

# .ci/go finds, or says how to get, a Go that fits go.mod. `make GO=go …` overrides.
GO      := .ci/go
OUT     := out
COMMIT  := $(shell git describe --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -X main.commit=$(COMMIT)

# Data sets that lie beside the checkout are read in place.
LLM4REC_DATA ?= $(abspath $(wildcard ../shared/data))
ifneq ($(LLM4REC_DATA),)
export LLM4REC_DATA
endif

.PHONY: help bench test check build deps perf readme update-golden clean

help: ## this list (the default)
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

bench: build ## benchmark the baselines on MovieLens-100K and print the table
	bin/llm4rec run quick --out $(OUT)

test: deps ## vet and test, with C code and without it
	CGO_ENABLED=0 $(GO) vet ./...
	$(GO) vet ./...
	@echo "Tests without C code:"
	@CGO_ENABLED=0 .ci/test $(GO) -timeout 10m ./...
	@echo "Tests with C code:"
	@.ci/test $(GO) -timeout 10m ./...

check: deps bin/golangci-lint ## everything a reviewer asks: format, lint, races, tidy modules
	@bad=$$("$$($(GO) env GOROOT)/bin/gofmt" -l .); test -z "$$bad" || { echo "gofmt -w these:"; echo "$$bad"; exit 1; }
	$(GO) mod tidy -diff
	$(GO) mod verify
	$(GO) vet ./...
	bin/golangci-lint run
	$(GO) test -race -timeout 20m ./...

build: deps ## bin/llm4rec
	$(GO) build -buildvcs=false -ldflags '$(LDFLAGS)' -o bin/llm4rec ./bench/cmd/llm4rec

deps: ## install what is missing: C compiler, OpenBLAS, Go
	@.ci/deps

# LLM4REC_PEERS=python adds the peer: see bench/peers.
perf: build ## seconds per iteration of ALS beside what this machine can do
	bin/llm4rec perf als

# The table between two marks is the one that the command before it made.
readme: build ## run quick anew and write its table into README.md
	rm -rf $(OUT)/readme
	bin/llm4rec run quick --out $(OUT)/readme >/dev/null
	bin/llm4rec table $(OUT)/readme/quick -o $(OUT)/readme/quick.md
	sed -i -e '/^<!-- quick -->$$/,/^<!-- end -->$$/{//!d}' -e '/^<!-- quick -->$$/r $(OUT)/readme/quick.md' README.md

update-golden: deps ## rewrite the expected tables and command-line transcripts
	$(GO) test $(dir $(shell grep -rl --include='*_test.go' 'flag.*"update"' .)) -update

clean: ## remove what was built, keep the results
	rm -rf bin

# Pinned in a module of its own, so that its 200 dependencies stay out of ours. Takes minutes, once.
bin/golangci-lint: .ci/tools/go.mod | deps
	$(GO) build -C .ci/tools -o ../../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
