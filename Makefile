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

# The program gets CUDA where its headers are, FAISS where it can be linked, and FAISS on GPUs where make faiss-gpu was run:
# make build CUDA= FAISS= FAISS_GPU= leaves them out. They are looked for when a recipe runs, after what may have installed
# them.
CUDA      = $(shell .ci/cuda found && echo yes)
FAISS     = $(shell .ci/faiss && echo yes)
FAISS_GPU = $(shell .ci/faiss-gpu found && echo yes)
on_gpu    = $(and $(CUDA),$(FAISS_GPU))
comma    := ,
tags      = -tags=$(if $(1),nvidia),$(if $(FAISS),faiss)$(if $(2),$(comma)faissgpu)

.PHONY: help bench test check build deps ollama test-tools perf gpu gpu-check gpu-test faiss-gpu ptx leaderboard published readme update-golden clean

help: ## this list (the default)
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

bench: build ## benchmark the baselines on MovieLens-100K and print the table
	bin/llm4rec run quick --out $(OUT)

test: deps ollama test-tools ## vet and test, with C code and without it
	CGO_ENABLED=0 $(GO) vet ./...
	$(GO) vet $(call tags) ./...
	@echo "Tests without C code:"
	@CGO_ENABLED=0 .ci/test $(GO) -timeout 10m ./...
	@echo "Tests with C code:"
	@.ci/test $(GO) $(call tags) -timeout 10m ./...

check: deps bin/golangci-lint ## everything a reviewer asks: format, lint, races, tidy modules
	@bad=$$("$$($(GO) env GOROOT)/bin/gofmt" -l .); test -z "$$bad" || { echo "gofmt -w these:"; echo "$$bad"; exit 1; }
	$(GO) mod tidy -diff
	$(GO) mod verify
	$(GO) vet $(call tags) ./...
	bin/golangci-lint run --build-tags=$(if $(FAISS),faiss)
	$(GO) test -race $(call tags) -timeout 20m ./...

build: deps ## bin/llm4rec, with CUDA where its headers are
	.ci/cuda $(if $(on_gpu),.ci/faiss-gpu) $(GO) build $(call tags,$(CUDA),$(on_gpu)) -buildvcs=false -ldflags '$(LDFLAGS)' -o bin/llm4rec ./bench/cmd/llm4rec

gpu: ## bin/llm4rec with CUDA; installs its headers if they are missing
	.ci/cuda install
	$(MAKE) build CUDA=yes

# ARCHS="80 90" names other GPUs than this machine's.
faiss-gpu: ## build FAISS for GPUs, which make build then takes: twenty minutes for each, once
	@.ci/faiss-gpu
	@echo "faiss-gpu: 'make build' takes it, where CUDA and FAISS are"

# Kernels for every GPU, the program with CUDA, and the conformance suite on a driver that runs the kernels on the CPU.
gpu-check: ARCHS := 70 75 80 86 89 90
gpu-check: deps ## compile, link and test the code for GPUs, without one
	.ci/cuda install
	@for k in gpu/cuda/kernels/*.cu; do for a in $(ARCHS); do \
		echo "nvcc sm_$$a $$k"; .ci/cuda nvcc -cubin -arch=sm_$$a -O3 -o /dev/null $$k || exit 1; done; done
	.ci/cuda $(GO) vet -tags nvidia ./...
	$(MAKE) build CUDA=yes
	gpu/cuda/emulator/build bin/emulated
	.ci/cuda .ci/test $(GO) -tags nvidia ./bench/...
	LLM4REC_CUDA=required LD_LIBRARY_PATH=$(CURDIR)/bin/emulated .ci/cuda .ci/test $(GO) -tags nvidia -count=1 -timeout 20m ./gpu/cuda/...

gpu-test: deps ## the conformance suites on the GPU of this machine
	.ci/cuda install
	LLM4REC_CUDA=required .ci/cuda .ci/test $(GO) -tags nvidia -count=1 -timeout 20m ./gpu/cuda
	$(if $(FAISS_GPU),LLM4REC_CUDA=required .ci/cuda .ci/faiss-gpu .ci/test $(GO) -tags nvidia$(comma)faiss$(comma)faissgpu -count=1 -timeout 40m ./models/index)

# Each translation begins with the checksum of what it was made from, which a test compares.
ptx: ## translate the kernels; commit the result
	.ci/cuda install
	@cd gpu/cuda/kernels; for k in *.cu; do \
		$(CURDIR)/.ci/cuda nvcc -ptx -arch=compute_70 -O3 -o $${k%.cu}.tmp $$k || exit 1; \
		{ echo "// sha256 $$(cat common.cuh $$k | sha256sum | cut -d' ' -f1)"; cat $${k%.cu}.tmp; } > $${k%.cu}.ptx; rm $${k%.cu}.tmp; done

deps: ## install what is missing: C compiler, OpenBLAS, Go
	@.ci/deps

# Without it, the tests that need a real server are skipped, and say so.
ollama: deps ## build the Ollama that the tests run: minutes, once
	@.ci/ollama || echo "going on without a real Ollama"

test-tools: ## install the browser and the LaTeX that tests of the report and of tables drive
	@.ci/test-tools || echo "going on without: the tests that need them are skipped, and say so"

# LLM4REC_PEERS=python adds the peer: see bench/peers.
perf: build ## seconds per iteration of ALS beside what this machine can do
	bin/llm4rec perf als

# Bundles are published anew from their own records, so that their tables are those of the program as it is now. README's table
# stands between two marks.
leaderboard: build ## write LEADERBOARD.md and README's table from the bundles in results/published
	for b in results/published/*; do bin/llm4rec publish $$b --to $$b --replace || exit 1; done
	bin/llm4rec leaderboard results/published -o LEADERBOARD.md
	sed -i -e '/^<!-- quick -->$$/,/^<!-- end -->$$/{//!d}' -e '/^<!-- quick -->$$/r results/published/quick/table.md' README.md

# What of paper needs no server, no key and no hour. PAPER= runs all of it.
PAPER := --only pop,recent-pop,itemknn,itemknn-all,ease,ease-recency,als,tfidf

published: build ## run quick and paper anew, and publish them; commit first, so that records name a commit
	rm -rf $(OUT)/published
	bin/llm4rec run quick --out $(OUT)/published >/dev/null
	bin/llm4rec run paper $(PAPER) --out $(OUT)/published >/dev/null
	for e in quick paper; do bin/llm4rec publish $(OUT)/published/$$e --to results/published/$$e --replace || exit 1; done
	$(MAKE) leaderboard

readme: published ## an older name of published

update-golden: deps ## rewrite the expected tables and command-line transcripts
	$(GO) test $(dir $(shell grep -rl --include='*_test.go' 'flag.*"update"' .)) -update

clean: ## remove what was built, keep the results
	rm -rf bin

# Pinned in a module of its own, so that its 200 dependencies stay out of ours. Takes minutes, once.
bin/golangci-lint: .ci/tools/go.mod | deps
	$(GO) build -C .ci/tools -o ../../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
