/* Sequence numbers never repeat, and for no tap go back: over publishers that die, that hang, that publish on although
 * the daemon has given them up, and over a daemon that dies at any step.
 *
 * Promises:
 *   number_again        no sequence number is published twice
 *   number_went_back    no tap is given a lower number after a higher one
 *   beyond_through      the daemon finds no fault with the head of a publisher that follows the rules
 *
 * A publisher may number its frames up to `through`, which the daemon has written down before it says so. Slots are
 * left out (see sharing.pml). A publisher that survives its daemon stands for one
 * that the daemon didn't start, and for one that PDEATHSIG hasn't reached yet. Each step names the function that it
 * stands for. */

#ifndef LEASE        /* numbers that a publisher may use after an answer */
#define LEASE 2
#endif
#ifndef BLOCK        /* SequenceStore::kBlock */
#define BLOCK 1
#endif
#ifndef PUBLISHERS   /* one after the other; each has one generation, the generation's number is its own */
#define PUBLISHERS 3
#endif
#ifndef FRAMES       /* published in all */
#define FRAMES 5
#endif
#ifndef CRASHES      /* of the daemon */
#define CRASHES 1
#endif
#ifndef DEATHS       /* of publishers */
#define DEATHS 2
#endif
#ifndef TAPS         /* 0 or 1 */
#define TAPS 1
#endif

#define HEAD(p) (p)
#define WORDS PUBLISHERS
#define DEEP 1
#define PUBLISHER(p) (p)
#define DAEMON PUBLISHERS
#define TAP (PUBLISHERS + 1)
#define PROCESSES (PUBLISHERS + 2)

/* scratch within one step, no part of the state */
hidden byte i_, word_, value_;
hidden byte number_again, number_went_back, beyond_through;
#define NEVER(wrong, condition) wrong = (condition); assert(!wrong)

#define EVENT(name) c_code { event_##name++; }
c_decl {
    static unsigned long event_orphan_frame, event_late_frame, event_crashed, event_moved_on, event_moved_within,
        event_numbers_ran_out, event_skipped;
    static void tell_events(void) {
        printf("event orphan_frame %lu\n", event_orphan_frame);
        printf("event late_frame %lu\n", event_late_frame);
        printf("event crashed %lu\n", event_crashed);
        printf("event moved_on %lu\n", event_moved_on);
        printf("event moved_within %lu\n", event_moved_within);
        printf("event numbers_ran_out %lu\n", event_numbers_ran_out);
        printf("event skipped %lu\n", event_skipped);
    }
}

#define REACHES_MEMORY() skip
#include "tso.pml"

#define OPEN 255

/* ---- what outlives the daemon ---- */
byte reserved;               /* the file of SequenceStore: every number up to it may have been used */

/* ---- what goes by message ---- */
byte first[PUBLISHERS];      /* of its generation; 0: it hasn't begun */
byte through[PUBLISHERS];    /* the last number that it has been told it may publish */
bit asked[PUBLISHERS];
byte newest;                 /* generations made so far; the taps are told of the last */
byte run_of[PUBLISHERS];     /* SegmentTerms::instance: which run of the daemon made it */
byte closed_at[PUBLISHERS];  /* previous_last; OPEN: the daemon doesn't know */

/* ---- life and death, and the verdict ---- */
bit dead[PUBLISHERS];
bit crashed;
byte run_now;
byte frames;
int published;               /* one bit for each number */
#define BIT(n) (1 << (n))

proctype Publisher(byte p) {
    byte n;
end_not_begun:
    d_step { first[p] != 0 -> n = first[p] }
    {
end:    do
        /* WritableSegment::publish() */
        :: d_step {
                n <= through[p] && frames < FRAMES && DRAINED(PUBLISHER(p)) ->
                frames++;
                memory[HEAD(p)] = n;
                NEVER(number_again, (published & BIT(n)) != 0);
                published = published | BIT(n);
                if
                :: run_of[p] != run_now -> EVENT(orphan_frame)
                :: run_of[p] == run_now && p + 1 < newest -> EVENT(late_frame)
                :: else
                fi;
                n++
            }
        /* Publisher::send_ask(), as numbers run short, or who taps has changed */
        :: d_step {
                !asked[p] && n + LEASE > through[p] + 1 ->
                asked[p] = 1;
                if
                :: n > through[p] -> EVENT(numbers_ran_out)
                :: else
                fi
            }
        od
    } unless {
        dead[p]
    }
}

/* Stream::take_in_published() */
inline ACCEPT() {
    LOAD(DAEMON, HEAD(p), head);
    NEVER(beyond_through, head < accepted || head > told);
    accepted = head;
    head = 0
}

/* SequenceStore::reserve(). A rename: in one step, also for a daemon that dies meanwhile. */
#if defined(MUTANT_RESERVED_TOO_LITTLE)
#define RESERVE(last) d_step { reserved = (accepted <= reserved -> reserved : accepted) }
#else
#define RESERVE(last) d_step { reserved = ((last) <= reserved -> reserved : (last) + BLOCK) }
#endif

/* Generation::extend_numbers(); `through` in segment and seat */
#define TELL(last) d_step { told = last; through[p] = told }

proctype Daemon() {
    byte p;        /* its generation is the newest that this run of the daemon made */
    bit closed;    /* or there is none yet */
    byte next;     /* next_sequence_ */
    byte accepted; /* accepted_ */
    byte told;     /* through_ */
    byte head;
begin:
    skip;
    d_step {
        closed = 1; /* SequenceStore::open(), first_unused() */
#if defined(MUTANT_BEGINS_ANEW)
        next = 1;
#elif defined(MUTANT_FIRST_IS_RESERVED)
        next = (reserved == 0 -> 1 : reserved);
#else
        next = reserved + 1;
#endif
        p = 0; accepted = 0; told = 0; head = 0
    }
    {
end:    do
        /* Stream::make_generation(), open_generation() */
        :: closed && newest < PUBLISHERS ->
            RESERVE(next - 1 + LEASE);
            d_step {
                p = newest;
                first[p] = next;
                memory[HEAD(p)] = next - 1;
                accepted = next - 1;
                closed = 0;
                closed_at[p] = OPEN;
                run_of[p] = run_now;
                newest++
            }
            TELL(accepted + LEASE)
        /* Stream::ask() */
        :: d_step { !closed && asked[p] -> asked[p] = 0; ACCEPT() }
#if defined(MUTANT_TOLD_BEFORE_RESERVED)
            TELL(accepted + LEASE);
            RESERVE(accepted + LEASE)
#else
            RESERVE(accepted + LEASE);
            TELL(accepted + LEASE)
#endif
        /* Stream::on_source_exit(): it is reaped. close_generation(true) */
        :: d_step {
                !closed && dead[p] ->
#if !defined(MUTANT_CLOSED_WITHOUT_LOOKING)
                ACCEPT();
#endif
                closed_at[p] = accepted;
                next = accepted + 1;
                closed = 1
            }
        /* Stream::lose_publisher(), on_source_exit() when it is stuck: it may live. close_generation(false) */
        :: d_step {
                !closed && !dead[p] && newest < PUBLISHERS ->
                ACCEPT();
                closed_at[p] = accepted;
#if defined(MUTANT_BASE_TOO_LOW)
                next = accepted + 1;
#else
                next = told + 1;
#endif
                if
                :: told > accepted -> EVENT(skipped)
                :: else
                fi;
                closed = 1
            }
        od
    } unless {
        d_step { crashed -> EVENT(crashed); crashed = 0; run_now++ }
    };
    goto begin
}

#if TAPS
#define LIMIT (memory[HEAD(p)] < last -> memory[HEAD(p)] : last)
proctype Tap() {
    byte p;         /* the generation that it reads */
    byte last;      /* that counts in it */
    byte passed;
    byte delivered;
    byte heard;     /* how many generations it has heard of */
    last = OPEN;
end_not_begun:
    d_step { newest > 0 -> heard = newest; p = newest - 1; passed = first[p] - 1 }
end:
    do
    /* Timeline::newest(), next() that finds this one first */
    :: d_step {
            LIMIT > passed ->
            passed = LIMIT;
            NEVER(number_went_back, passed <= delivered);
            delivered = passed
        }
    /* next() that doesn't get as far */
    :: d_step {
            LIMIT > passed + 1 ->
            passed++;
            NEVER(number_went_back, passed <= delivered);
            delivered = passed
        }
    /* Attachment::take_synced(), Timeline::add(): previous_last; of another run of the daemon: what is there now */
    :: d_step {
            newest > p + 1 && last == OPEN ->
            last = (run_of[p] == run_of[newest - 1] && closed_at[p] != OPEN -> closed_at[p] : memory[HEAD(p)]);
            heard = newest
        }
    /* drop_first(). It was told of the newest generation only */
    :: d_step {
            last != OPEN ->
            if
            :: run_of[p] == run_of[heard - 1] -> EVENT(moved_within)
            :: else -> EVENT(moved_on)
            fi;
            p = heard - 1;
            passed = first[p] - 1;
            last = OPEN
        }
    od
}
#endif

/* SIGKILL, at any step of whoever it is. A publisher is found dead, by whatever daemon there is. */
proctype Death() {
    byte deaths, crashes, p;
end:
    do
    :: atomic {
            deaths < DEATHS ->
            p = 0;
            do
            :: p < PUBLISHERS - 1 -> p++
            :: break
            od;
            if
            :: d_step { first[p] != 0 && !dead[p] -> deaths++; dead[p] = 1; p = 0 }
            :: else -> p = 0
            fi
        }
    :: d_step { crashes < CRASHES && !crashed -> crashes++; crashed = 1 }
    od
}

init {
    byte i;
    atomic {
        c_code { atexit(tell_events); }
        do
        :: i < PUBLISHERS -> run Publisher(i); i++
        :: else -> break
        od;
        run Daemon();
#if TAPS
        run Tap();
#endif
        run Death();
        run Bus();
        i = 0
    }
}
