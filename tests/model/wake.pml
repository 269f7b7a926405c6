/* Nobody sleeps through a frame: publisher, daemon and taps on `wake`, `head`, `armed`, `changes`, `superseded`.
 *
 * A sleeper is a tap in next() or latest(): it sleeps in FUTEX_WAIT on `wake`. A watcher is one with an event loop: it
 * sleeps in poll() on its socket, and has the daemon send it one message per arming; the publisher tells the daemon of
 * each frame while `armed` is 1. That is the second handshake: publisher stores head, then loads armed; daemon stores
 * armed, then loads head.
 *
 * Promises, judged when nobody can take another step without a frame or a clock:
 *   lost_wake_up     no tap sleeps while there is a frame that it hasn't got
 *   news_missed      no tap sleeps with an older state or generation in mind than the daemon's
 *   live_unnoticed   the daemon doesn't take a stream for dead that has a new frame
 *
 * The slices that a real tap sleeps in, and the clocks that limit how often it asks, are left out: nothing here is
 * saved by a timer, nor by the next frame: a publisher may fall silent after any. Each step names the function that it stands for. */

#ifndef SLEEPERS
#define SLEEPERS 1
#endif
#ifndef WATCHERS
#define WATCHERS 1
#endif
#ifndef FRAMES        /* in each generation */
#define FRAMES 2
#endif
#ifndef GENERATIONS
#define GENERATIONS 1
#endif
#ifndef STALES        /* how often the stream is found stale */
#define STALES 1
#endif
#ifndef REPORTS       /* how often a publisher says that it has ended, and goes on */
#define REPORTS 0
#endif

#define TAPS (SLEEPERS + WATCHERS)
#define WATCHES(t) ((t) >= SLEEPERS)

/* layout::SegmentHeader of each generation */
#define HEAD(g) (5 * (g))
#define WAKE(g) (5 * (g) + 1)
#define ARMED(g) (5 * (g) + 2)
#define CHANGES(g) (5 * (g) + 3)
#define SUPERSEDED(g) (5 * (g) + 4)
#define WORDS (5 * GENERATIONS)

#define DEEP 2
#define TAP(t) (t)
#define PUBLISHER TAPS
#define DAEMON (TAPS + 1)
#define PROCESSES (TAPS + 2)

/* scratch within one step, no part of the state */
hidden byte i_, word_, value_, seen_, t_;
hidden byte lost_wake_up, news_missed, live_unnoticed;
#define NEVER(wrong, condition) wrong = (condition); assert(!wrong)

#define EVENT(name) c_code { event_##name++; }
c_decl {
    static unsigned long event_fell_asleep, event_kept_awake, event_told_at_once, event_poked, event_nudge_saved,
        event_moved_on, event_reported, event_frame_before_opening;
    static void tell_events(void) {
#if SLEEPERS
        printf("event fell_asleep %lu\n", event_fell_asleep);
        printf("event kept_awake %lu\n", event_kept_awake);
#endif
#if WATCHERS
        printf("event told_at_once %lu\n", event_told_at_once);
        printf("event nudge_saved %lu\n", event_nudge_saved);
#endif
        printf("event poked %lu\n", event_poked);
        printf("event frame_before_opening %lu\n", event_frame_before_opening);
#if GENERATIONS > 1
        printf("event moved_on %lu\n", event_moved_on);
#endif
#if REPORTS
        printf("event reported %lu\n", event_reported);
#endif
    }
}

#define REACHES_MEMORY() skip
#include "tso.pml"

/* ---- the kernel ---- */
byte sleeps_on[TAPS]; /* generation + 1 of the word; 0: awake */

/* It looks at the word and goes to sleep in one step, under the lock that FUTEX_WAKE takes too. */
#define FUTEX_WAIT(t, g, seen) \
    d_step { \
        DRAINED(TAP(t)) -> \
        if \
        :: memory[WAKE(g)] == seen -> EVENT(fell_asleep); sleeps_on[t] = (g) + 1 \
        :: else -> EVENT(kept_awake) \
        fi \
    }

#if SLEEPERS == 0 /* then nobody looks at the word */
#define FUTEX_WAKE(p, g) skip
#define BUMP(p, g) skip
#else
#define FUTEX_WAKE(p, g) \
    d_step { \
        DRAINED(p) -> \
        t_ = 0; \
        do \
        :: t_ < TAPS -> sleeps_on[t_] = (sleeps_on[t_] == (g) + 1 -> 0 : sleeps_on[t_]); t_++ \
        :: else -> break \
        od; \
        t_ = 0 \
    }

/* header.wake.fetch_add(1) */
#if defined(MUTANT_WAKE_NOT_ATOMIC)
#define BUMP(p, g) \
    d_step { DRAINED(p) -> LOAD(p, WAKE(g), x) } \
    d_step { LOCKED_STORE(p, WAKE(g), x + 1); x = 0 }
#else
#define BUMP(p, g) d_step { LOCKED_ADD(p, WAKE(g)) }
#endif
#endif

/* ---- messages ---- */
mtype = { nudge, synced, sync, arm };
chan to_tap[TAPS] = [6] of { mtype, byte, bit };     /* synced: generation, live */
chan to_daemon[TAPS] = [3] of { mtype, byte, byte }; /* sync: generation; arm: generation, sequence */
bit told;                                            /* by poke, ask, or a clock: there may be frames */
bit reported;                                        /* report(ended) */
byte made;                                           /* generation that its publisher has a segment of */
bit mapped;                                          /* as it has said */
bit opened;                                          /* and it was announced, the first one */
byte announced;                                      /* generation */

/* ---- for the verdict ---- */
byte known[TAPS];      /* generation that the tap is in */
bit known_live[TAPS];
byte passed[TAPS];
bit live;              /* Stream::state_ */
byte accepted;

#include "wake_taps.pml"
#include "wake_daemon.pml"

/* ============================================= publisher =============================================== */

proctype Publisher() {
    byte g, n, x;
#if REPORTS
    byte reports;
#endif
end:
    do
    :: n < FRAMES ->
        n++;
        /* pins::publish(), WritableSegment::publish() */
#if defined(MUTANT_WAKE_BEFORE_HEAD)
        BUMP(PUBLISHER, g);
        FUTEX_WAKE(PUBLISHER, g);
#endif
#if defined(MUTANT_ARMED_BEFORE_HEAD)
        d_step { LOAD(PUBLISHER, ARMED(g), x) }
#endif
#if defined(MUTANT_HEAD_RELEASED)
        /* On x86 the lock xadd of BUMP would make up for it: so without relying on that */
        d_step { STORE(PUBLISHER, HEAD(g), n) }
        d_step { LOAD(PUBLISHER, ARMED(g), x) }
#else
        d_step { LOCKED_STORE(PUBLISHER, HEAD(g), n) }
#endif
#if !defined(MUTANT_WAKE_BEFORE_HEAD)
#if !defined(MUTANT_NO_BUMP)
        BUMP(PUBLISHER, g);
#endif
        FUTEX_WAKE(PUBLISHER, g);
#endif
        /* Publisher::publish(): poke. Or not; but it may ask who taps, which tells the daemon as much */
#if !defined(MUTANT_ARMED_BEFORE_HEAD) && !defined(MUTANT_HEAD_RELEASED)
        d_step { LOAD(PUBLISHER, ARMED(g), x) }
#endif
        if
        :: d_step { x == 1 -> EVENT(poked); told = 1; x = 0 }
        :: x == 0
        :: d_step { x == 0 -> told = 1 }
        fi
#if REPORTS
    /* camtap_publisher_report(): the daemon hears it after the frames before it */
    :: d_step { n > 0 && reports < REPORTS && !reported -> EVENT(reported); reports++; reported = 1 }
#endif
#if GENERATIONS > 1
    /* Publisher::send_need(), take_segment() */
    :: d_step { n > 0 && g + 1 < GENERATIONS && !needs -> needs = 1 }
        d_step { made > g -> g++; n = 0; mapped = 1 }
#endif
    /* It pauses for ever: no later frame makes up for a wake-up that was lost */
    :: break
    od
}

/* When nothing moves any more. FUTEX_WAIT and poll() sleep without end here. */
proctype Verdict() {
    byte t;
end:
    timeout ->
    d_step {
        do
        :: t < TAPS ->
            NEVER(news_missed, known[t] != announced || known_live[t] != live);
            NEVER(lost_wake_up, memory[HEAD(announced)] > passed[t]);
            t++
        :: else -> break
        od;
        NEVER(live_unnoticed, !live && memory[HEAD(announced)] > accepted)
    }
}

init {
    byte i;
    atomic {
        c_code { atexit(tell_events); }
        mapped = 1;
        i = 0;
        do
        :: i < TAPS -> run Tap(i); i++
        :: else -> break
        od;
        run Publisher();
        run Daemon();
        run Bus();
        run Verdict();
        i = 0
    }
}
