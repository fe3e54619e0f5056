// The threads of a block as fibers.
#include "fibers.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "emulated.h"

#if !defined(__x86_64__)
#error "the emulator switches fibers in the assembly of x86-64"
#endif

dim3 gridDim, blockDim, blockIdx, threadIdx;

// Saves what a call must keep on the stack, leaves the stack pointer in *from, and goes on at to.
extern "C" void llm4rec_switch(void **from, void *to);
__asm__(R"(
.text
.globl llm4rec_switch
.type llm4rec_switch, @function
llm4rec_switch:
	push %rbp
	push %rbx
	push %r12
	push %r13
	push %r14
	push %r15
	mov %rsp, (%rdi)
	mov %rsi, %rsp
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbx
	pop %rbp
	ret
.size llm4rec_switch, .-llm4rec_switch
)");

namespace {

const int most = 1024;              // threads of a block
const size_t stack_bytes = 64 << 10; // of a fiber

struct fiber {
	void *sp;
	bool ended, waits; // waits: at the barrier of the block
};

fiber fibers[most];
char *stacks;
void *scheduler;
int current, threads;
const std::function<void()> *body;

int block_waiting;                  // fibers at the barrier of the block
int live;                           // fibers that have not ended
struct {
	int waiting, live;
	unsigned generation;
	uint64_t words[2][32];
} warps[most / 32];

void yield() { llm4rec_switch(&fibers[current].sp, scheduler); }

void open_block() {
	if (live == 0 || block_waiting < live) return;
	block_waiting = 0;
	for (int t = 0; t < threads; t++) fibers[t].waits = false;
}

void open_warp(int w) {
	if (warps[w].live > 0 && warps[w].waiting == warps[w].live) warps[w].waiting = 0, warps[w].generation++;
}

// Runs the lanes of a warp that can run, each until it waits. Returns whether there was one.
bool run_warp(int w, bool backwards) {
	bool ran = false;
	for (int l = 0; l < 32; l++) {
		current = w * 32 + (backwards ? 31 - l : l);
		if (current >= threads || fibers[current].ended || fibers[current].waits) continue;
		threadIdx = {(unsigned)current, 0, 0};
		llm4rec_switch(&scheduler, fibers[current].sp);
		ran = true;
	}
	return ran;
}

void enter() {
	(*body)();
	fibers[current].ended = true;
	live--, warps[current / 32].live--;
	open_block(), open_warp(current / 32);
	yield();
	abort(); // an ended fiber is not resumed
}

} // namespace

void __syncthreads() {
	fibers[current].waits = true;
	block_waiting++;
	open_block();
	while (fibers[current].waits) yield();
}

void __syncwarp() {
	auto &w = warps[current / 32];
	unsigned generation = w.generation;
	w.waiting++;
	open_warp(current / 32);
	while (w.generation == generation) yield();
}

const uint64_t *exchange(uint64_t word) {
	auto &w = warps[current / 32];
	uint64_t *words = w.words[w.generation % 2];
	words[current % 32] = word;
	__syncwarp();
	return words;
}

void run_block(int count, const std::function<void()> &f) {
	if (!stacks) {
		void *p = mmap(nullptr, most * stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (p == MAP_FAILED) abort();
		stacks = (char *)p;
	}
	threads = live = count, body = &f, block_waiting = 0;
	for (auto &w : warps) w.waiting = w.live = 0;
	for (int t = 0; t < count; t++) {
		warps[t / 32].live++;
		void **top = (void **)(stacks + (t + 1) * stack_bytes);
		*--top = nullptr;         // keeps the stack aligned as a call would
		*--top = (void *)enter;   // where the first switch returns to
		for (int n = 0; n < 6; n++) *--top = nullptr;
		fibers[t] = {top, false, false};
	}
	// Every warp runs until it waits for the others, so that what it overwrites too early is seen by those that come later;
	// and every other time the last one comes first.
	static bool backwards;
	int all = (count + 31) / 32;
	while (live > 0) {
		backwards = !backwards;
		for (int w = 0; w < all; w++)
			while (run_warp(backwards ? all - 1 - w : w, backwards)) {}
	}
}
