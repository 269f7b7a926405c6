# The front door. On a fresh Debian 12 each target does everything: what is missing is installed by apt first.

PREFIX  ?= /usr/local
JOBS    ?= $(shell nproc)
HOURS   ?= 1
MINUTES ?= 10

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: build  ## see it at work: streams, an obstacle detector, a live table (DEMO_SECONDS=10: ends by itself)
	@tests/demo build/release

test: build-dev deb  ## build with all warnings as errors, run every test
	@ctest --preset dev -j $(JOBS)

build: build-release  ## what is installed, in build/release

install: build  ## to PREFIX, which is /usr/local
	@cmake --install build/release --prefix $(PREFIX)

deb: build  ## Debian packages, in build/deb
	@rm -rf build/deb
	@cpack --config build/release/CPackConfig.cmake -B build/deb >build/deb.log 2>&1 || (cat build/deb.log; exit 1)
	@rm -rf build/deb/_CPack_Packages; ls build/deb/*.deb

bench: bench-programs  ## what sharing costs, beside other ways to do it: half an hour (BENCH=--quick: less of it; PEERS=all)
	@$(BENCH_RUN) --bounds tests/bench/bounds.toml $(BENCH)
	@tests/bench/plot build/bench/report

bench-check: bench-programs  ## whether a ratio has fallen behind its bound: before a release, on a quiet machine
	@$(BENCH_RUN) --check tests/bench/bounds.toml $(BENCH)

bench-instructions: bench-programs  ## how many instructions a frame takes: the same on every run
	@tests/bench/instructions build/bench

BENCH_RUN = build/bench/tests/bench/camtap_bench --output build/bench/report $(if $(filter all,$(PEERS)),--all)

bench-programs:
	@tests/setup/install_packages tests/bench/packages || echo "Without some of tests/bench/packages: see below"
	@$(MAKE) --no-print-directory build-bench

sanitize: build-asan-ubsan build-tsan  ## the tests again under AddressSanitizer, UBSan and ThreadSanitizer
	@ctest --preset asan-ubsan -j $(JOBS)
	@ctest --preset tsan -j $(JOBS)

model-full: build-dev  ## the sharing protocol's models, explored as far as there is memory (half an hour)
	@tests/model/full
	@build/dev/tests/model/weak/weak_memory_full

kill-all: build-dev  ## taps and publishers, killed after every instruction of theirs (an hour or two)
	@tests/kill/kill_all build/dev $(JOBS)

faults-all: build-dev  ## every call of every function that can fail does fail (a quarter of an hour)
	@CAMTAP_FAULTS=all build/dev/tests/faults/faults_test --gtest_filter='Faults.*'

soak: build-dev  ## everything at random and all at once, for HOURS=1
	@build/dev/tests/chaos/chaos --hours $(HOURS)

test-vm: deb  ## the installed service with a V4L2 camera, in a virtual machine (as root, a quarter of an hour)
	@tests/setup/install_packages tests/vm/packages
	@tests/vm/run build/vm

fuzz: build-fuzz  ## all fuzzers, for MINUTES=10 each
	@tests/fuzz/run build/fuzz $(MINUTES)

coverage: build-coverage  ## which lines and branches the tests reach, as a table and in build/coverage/coverage
	@tests/coverage build/coverage $(JOBS)

bare-test: ; @tests/bare_root make test  ## make test in a bare Debian 12 (as root)
bare-demo: ; @DEMO_SECONDS=10 tests/bare_root make demo  ## make demo in a bare Debian 12 (as root)

format:  ## all C and C++ files as .clang-format says
	@tests/setup/install_packages
	@tests/format_check --fix

clean:  ## remove build/
	@rm -rf build

build-%:
	@tests/setup/install_packages
	@mkdir -p build
	@cmake --preset $* >build/$*.log 2>&1 || (cat build/$*.log; exit 1)
	@cmake --build --preset $* -j $(JOBS)

.PHONY: help demo test bench bench-check bench-instructions bench-programs build install deb sanitize model-full kill-all \
        faults-all soak test-vm fuzz coverage bare-test bare-demo format clean
