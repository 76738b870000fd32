# retrytop — live retry and fallback monitoring of LLM API clients.
#
# Everything is overridable: PREFIX DESTDIR BINDIR LIBDIR INCLUDEDIR LIBEXECDIR MANDIR
# CC CFLAGS CPPFLAGS LDFLAGS LDLIBS PKG_CONFIG V.  Project flags stay in ALL_*, so that
# `make CFLAGS=-O0` keeps warnings and hardening.

VERSION := $(shell sed -n 's/^\#\# \([0-9][0-9.]*\).*/\1/p' CHANGES.md | head -n 1)

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
LIBEXECDIR ?= $(PREFIX)/libexec/retrytop
MANDIR ?= $(PREFIX)/share/man
PKG_CONFIG ?= pkg-config
INSTALL ?= install
V ?= 0

# release | asan | tsan: objects of each live apart, so no clean between them.
FLAVOUR ?= release
O := build/$(FLAVOUR)

PACKAGES := json-c libzmq libcurl libmicrohttpd inih ncursesw libsodium libzstd zlib
PKG_CPPFLAGS := $(filter-out -D_XOPEN_SOURCE=%,$(shell $(PKG_CONFIG) --cflags $(PACKAGES) 2>/dev/null))
PKG_LDLIBS := $(shell $(PKG_CONFIG) --libs $(PACKAGES) 2>/dev/null)
CMOCKA_LDLIBS := $(shell $(PKG_CONFIG) --libs cmocka 2>/dev/null)

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion \
	-Wcast-qual -Wcast-align -Wpointer-arith -Wstrict-prototypes \
	-Wmissing-prototypes -Wold-style-definition -Wwrite-strings -Wformat=2 \
	-Wundef -Wvla -Wdouble-promotion -Wswitch-enum -Wimplicit-fallthrough \
	-Wnull-dereference -Wredundant-decls
IS_GCC := $(shell $(CC) --version 2>/dev/null | grep -qi clang || echo yes)
WARNINGS += $(if $(IS_GCC),-Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wformat-signedness)

HARDENING := -fstack-protector-strong -fstack-clash-protection -fcf-protection
FLAVOUR_release := -O2 -D_FORTIFY_SOURCE=2 $(HARDENING)
FLAVOUR_asan := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FLAVOUR_tsan := -O1 -fsanitize=thread -fno-omit-frame-pointer
FLAVOUR_CFLAGS := $(FLAVOUR_$(FLAVOUR))

ALL_CPPFLAGS := -I. -D_DEFAULT_SOURCE -D_XOPEN_SOURCE=700 -DRT_VERSION_TEXT='"$(VERSION)"' \
	-DRT_LIBEXECDIR='"$(LIBEXECDIR)"' $(PKG_CPPFLAGS) $(CPPFLAGS)
ALL_CFLAGS := -std=c11 -g -fPIC -fvisibility=hidden -pthread $(WARNINGS) $(FLAVOUR_CFLAGS) $(CFLAGS)
ALL_LDFLAGS := -pie -pthread -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--as-needed \
	$(filter -fsanitize%,$(FLAVOUR_CFLAGS)) $(LDFLAGS)
ALL_LDLIBS := $(PKG_LDLIBS) -lm $(LDLIBS)

Q := $(if $(filter 1,$(V)),,@)

# ---- what is built ---------------------------------------------------------------------

SOURCES := $(wildcard proto/*.c collector/*.c collector/canary/*.c tui/*.c)
OBJECTS := $(SOURCES:%.c=$(O)/%.o)
MAIN := $(O)/tui/main.o
ROOMS := $(O)/librooms.a
PROGRAM := $(O)/retrytop

# The client library: what an emitter needs and nothing else.
LIB_SOURCES := $(addprefix proto/,attempt.c buf.c cert.c channel.c clock.c crc.c curve.c diag.c emitter.c emitter_setup.c encode.c err.c event.c fd.c heir.c jsonw.c mem.c number.c outbox.c ring.c ring_file.c spool.c text.c wire.c)
LIB_OBJECTS := $(LIB_SOURCES:%.c=$(O)/%.o)
LIB_STATIC := $(O)/libretrytop.a
LIB_SHARED := $(O)/libretrytop.so.1

DEMO_SOURCES := $(wildcard contrib/demo/client_*.c)
DEMO_SHARED := $(filter-out $(DEMO_SOURCES),$(wildcard contrib/demo/*.c))
DEMO_CLIENTS := $(DEMO_SOURCES:contrib/demo/client_%.c=$(O)/retrytop-demo-%)

UNIT_SOURCES := $(wildcard tests/unit/test_*.c)
UNIT_TESTS := $(UNIT_SOURCES:tests/unit/%.c=$(O)/unit/%)
UNIT_SHARED := $(filter-out $(UNIT_SOURCES),$(wildcard tests/unit/*.c))
UNIT_SHARED_OBJECTS := $(UNIT_SHARED:%.c=$(O)/%.o)
FUZZ_SOURCES := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_REPLAYS := $(FUZZ_SOURCES:tests/fuzz/%.c=$(O)/fuzz/%)
BENCH_SOURCES := $(wildcard tests/bench/bench_*.c)
BENCHES := $(BENCH_SOURCES:tests/bench/%.c=$(O)/bench/%)
CHAOS := $(O)/chaos/emitter $(O)/chaos/preload.so

.PHONY: all demo check setup unit fuzz-replay golden asan tsan fuzz chaos bench foreign lint format \
	install uninstall clean help check-unit check-all metrics
.DEFAULT_GOAL := all
.SECONDARY:

all: $(PROGRAM) $(LIB_STATIC) $(LIB_SHARED) $(DEMO_CLIENTS) ## the program, the client library, the demo clients

$(O)/%.o: %.c
	@mkdir -p $(@D)
	$(if $(Q),@echo "  CC    $<")
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(ROOMS): $(filter-out $(MAIN),$(OBJECTS))
	$(if $(Q),@echo "  AR    $@")
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(PROGRAM): $(MAIN) $(ROOMS)
	$(if $(Q),@echo "  LINK  $@")
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(MAIN) $(ROOMS) $(ALL_LDLIBS)

$(LIB_STATIC): $(LIB_OBJECTS)
	$(if $(Q),@echo "  AR    $@")
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(LIB_SHARED): $(LIB_OBJECTS)
	$(if $(Q),@echo "  LINK  $@")
	$(Q)$(CC) -shared -pthread -Wl,-soname,libretrytop.so.1 -Wl,-z,relro,-z,now \
		$(filter -fsanitize%,$(FLAVOUR_CFLAGS)) $(LDFLAGS) -o $@ $(LIB_OBJECTS) $(shell $(PKG_CONFIG) --libs libzmq)
	$(Q)ln -sf libretrytop.so.1 $(O)/libretrytop.so

$(O)/retrytop-demo-%: $(O)/contrib/demo/client_%.o $(DEMO_SHARED:%.c=$(O)/%.o) $(LIB_STATIC)
	$(if $(Q),@echo "  LINK  $@")
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(LIB_STATIC) \
		$(shell $(PKG_CONFIG) --libs libcurl libzmq) -lm $(LDLIBS)

# ---- tests -----------------------------------------------------------------------------

$(O)/unit/%: $(O)/tests/unit/%.o $(UNIT_SHARED_OBJECTS) $(ROOMS)
	@mkdir -p $(@D)
	$(if $(Q),@echo "  LINK  $@")
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(ROOMS) $(CMOCKA_LDLIBS) $(ALL_LDLIBS)

$(O)/fuzz/%: $(O)/tests/fuzz/%.o $(O)/tests/fuzz/replay_main.o $(UNIT_SHARED_OBJECTS) $(ROOMS)
	@mkdir -p $(@D)
	$(if $(Q),@echo "  LINK  $@")
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(ROOMS) $(CMOCKA_LDLIBS) $(ALL_LDLIBS)

$(O)/bench/%: $(O)/tests/bench/%.o $(ROOMS)
	@mkdir -p $(@D)
	$(if $(Q),@echo "  LINK  $@")
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(ROOMS) $(ALL_LDLIBS)

$(O)/chaos/emitter: $(O)/tests/chaos/emitter.o $(LIB_STATIC)
	@mkdir -p $(@D)
	$(if $(Q),@echo "  LINK  $@")
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(shell $(PKG_CONFIG) --libs libzmq) $(LDLIBS)

# In a sanitized program its runtime comes first: what is preloaded has none.
$(O)/chaos/preload.so: tests/chaos/preload.c
	@mkdir -p $(@D)
	$(if $(Q),@echo "  LINK  $@")
	$(Q)$(CC) $(ALL_CPPFLAGS) $(filter-out -fsanitize%,$(ALL_CFLAGS)) -shared -o $@ $<

setup: ## install the Debian packages that are missing (sudo where not root)
	@contrib/setup/install-packages.sh

demo: setup ## set up, build, and open the dashboard on live demo traffic
	@$(MAKE) --no-print-directory all
	@$(PROGRAM) demo

check: setup ## set up, build, and run every test
	@$(MAKE) --no-print-directory check-all

check-unit: $(UNIT_TESTS) $(FUZZ_REPLAYS) ## the pure tests: milliseconds, no sockets
	@tests/run.sh unit $(O)

check-all: all $(UNIT_TESTS) $(FUZZ_REPLAYS) $(CHAOS)
	@tests/run.sh all $(O)

golden: $(UNIT_TESTS) ## rewrite the golden screens; review the difference
	@RT_GOLDEN_WRITE=1 tests/run.sh unit $(O)

asan: ## the tests under address and undefined-behaviour sanitizers
	@$(MAKE) --no-print-directory FLAVOUR=asan check-all

tsan: ## the tests with threads under the thread sanitizer; counts its reports
	@$(MAKE) --no-print-directory FLAVOUR=tsan all $(UNIT_TESTS:$(O)/%=build/tsan/%) \
		$(CHAOS:$(O)/%=build/tsan/%)
	@TSAN_OPTIONS="suppressions=$(CURDIR)/tests/tsan.supp allocator_may_return_null=1 $$TSAN_OPTIONS" tests/run.sh threads build/tsan

FUZZ_SECONDS ?= 30
fuzz: ## libFuzzer on every decoder, FUZZ_SECONDS each (needs clang)
	@tests/fuzz/run.sh $(FUZZ_SECONDS)

chaos: all $(CHAOS) ## thousands of schedules of kills, freezes, failing calls and jumping clocks
	@RT_FULL=1 tests/run.sh chaos $(O)

bench: all $(BENCHES) ## print the figures: name, value, unit
	@tests/bench/run.sh $(O)

foreign: all ## the probe against API servers of other people (node; packages from npm, into build/)
	@mkdir -p build/foreign
	@cp tests/e2e/foreign/package.json tests/e2e/foreign/package-lock.json build/foreign/
	@cd build/foreign && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@RT_PROGRAM=$(CURDIR)/$(PROGRAM) tests/e2e/test_foreign.py

lint: ## warnings as errors with gcc and clang, clang-format, shellcheck, room rules
	@tests/lint.sh

format: ## rewrite the sources with clang-format
	@clang-format -i $$(git ls-files '*.c' '*.h')

metrics: ## the ten longest functions and files
	@wc -l $$(git ls-files '*.c' '*.h') | sort -rn | sed -n 2,11p

# ---- install ---------------------------------------------------------------------------

install: all ## install under DESTDIR and PREFIX
	$(INSTALL) -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(INCLUDEDIR) \
		$(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man7
	$(INSTALL) -m 755 $(PROGRAM) $(DESTDIR)$(BINDIR)/retrytop
	$(INSTALL) -m 755 $(DEMO_CLIENTS) $(DESTDIR)$(LIBEXECDIR)/
	$(INSTALL) -m 644 $(LIB_STATIC) $(DESTDIR)$(LIBDIR)/
	$(INSTALL) -m 755 $(LIB_SHARED) $(DESTDIR)$(LIBDIR)/
	ln -sf libretrytop.so.1 $(DESTDIR)$(LIBDIR)/libretrytop.so
	$(INSTALL) -m 644 proto/retrytop.h $(DESTDIR)$(INCLUDEDIR)/
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' \
		-e 's|@VERSION@|$(VERSION)|' proto/retrytop.pc.in > $(DESTDIR)$(LIBDIR)/pkgconfig/retrytop.pc
	$(INSTALL) -m 644 $(wildcard tui/*.1) $(DESTDIR)$(MANDIR)/man1/
	$(INSTALL) -m 644 $(wildcard proto/*.7) $(DESTDIR)$(MANDIR)/man7/

uninstall: ## remove what install put there
	rm -rf $(DESTDIR)$(BINDIR)/retrytop $(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(LIBDIR)/libretrytop.* \
		$(DESTDIR)$(INCLUDEDIR)/retrytop.h $(DESTDIR)$(LIBDIR)/pkgconfig/retrytop.pc \
		$(patsubst tui/%,$(DESTDIR)$(MANDIR)/man1/%,$(wildcard tui/*.1)) \
		$(patsubst proto/%,$(DESTDIR)$(MANDIR)/man7/%,$(wildcard proto/*.7))

clean: ## remove build/
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 16

-include $(OBJECTS:.o=.d) $(UNIT_SOURCES:%.c=$(O)/%.d) $(UNIT_SHARED:%.c=$(O)/%.d) \
	$(DEMO_SOURCES:%.c=$(O)/%.d) $(DEMO_SHARED:%.c=$(O)/%.d) $(FUZZ_SOURCES:%.c=$(O)/%.d) $(BENCH_SOURCES:%.c=$(O)/%.d) $(O)/tests/chaos/emitter.d
