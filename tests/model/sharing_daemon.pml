/* The daemon of sharing.pml: what stream*.cpp and broker.cpp do about seats and generations. */

/* Stream::take_in_published() */
inline ACCEPT() {
    LOAD(DAEMON, HEAD(g), x);
    NEVER(honest_one_blamed, x < accepted || x > through[g]);
    accepted = x;
    x = 0
}

/* ================================================ seats ================================================ */

/* Stream::change_seat(), Generation::note_seating(), pins::reseat(): where taps are, and where they may be soon */
#if defined(MUTANT_RESEATED_TOO_NEW)
#define RESEAT() LOCKED_STORE(DAEMON, SEATING(g), change)
#elif defined(MUTANT_PENDING_NOT_RESEATED)
#define RESEAT() LOCKED_STORE(DAEMON, SEATING(announced), change)
#else
#define RESEAT() LOCKED_STORE(DAEMON, SEATING(announced), change); memory[SEATING(g)] = change
#endif
#define COUNT_CHANGE(t) change++; changed[t] = change

/* Broker::on_tap_message(), Stream::seat_tap(): a session with a page of its own. `synced` comes after it. One tap is
 * like the other: so the first one comes first. */
#define SEAT_FIRST(t) \
    life[t] == away && sessions < SESSIONS && (sessions > 0 || (t) == 0) -> \
    session[t] = sessions; \
    sessions++; \
    seat[t] = sessions; \
    NEW_SESSION(t) \
    COUNT_CHANGE(t)
#if DISMISSALS
#define NEW_SESSION(t) dismissed[t] = 0;
#else
#define NEW_SESSION(t)
#endif
#if defined(MUTANT_TOLD_BEFORE_SEATED)
#define SEAT(t) \
    d_step { SEAT_FIRST(t); life[t] = seated } \
    d_step { RESEAT() }
#elif defined(MUTANT_NEVER_RESEATED)
#define SEAT(t) d_step { SEAT_FIRST(t); life[t] = seated }
#else
#define SEAT(t) d_step { SEAT_FIRST(t); RESEAT(); life[t] = seated }
#endif

#define LEAVE_SEAT(t) \
    COUNT_CHANGE(t); \
    seat[t] = 0; \
    RESEAT()

/* Broker::end(), Stream::remove_tap() */
#if defined(MUTANT_PAGE_KEPT)
#define HEAR_HANG_UP(t) \
    d_step { \
        life[t] == gone -> \
        COUNT_CHANGE(t); \
        RESEAT(); \
        hung_up[session[t]] = change; life[t] = away \
    }
#else
#define HEAR_HANG_UP(t) d_step { life[t] == gone -> LEAVE_SEAT(t); hung_up[session[t]] = change; life[t] = away }
#endif

/* Broker::dismiss(): it is heard no more; its seat stays */
#define SITS(t) (life[t] == seated || life[t] == alive)
#if defined(MUTANT_DISMISSED_FORGOTTEN)
#define DISMISS(t) d_step { SITS(t) && !dismissed[t] -> dismissed[t] = 1; LEAVE_SEAT(t) }
#else
#define DISMISS(t) d_step { SITS(t) && !dismissed[t] -> dismissed[t] = 1 }
#endif

/* Stream::ask(): the next change that it doesn't know of */
#if defined(MUTANT_NEWEST_FIRST)
#define IS_NEXT(t) (changed[t] > known[g] && (x == TAPS || changed[t] > changed[x]))
#elif defined(MUTANT_SEAT_TOLD_ONCE)
#define IS_NEXT(t) (changed[t] > known[g] && page[g * TAPS + (t)] == 0 && (x == TAPS || changed[t] < changed[x]))
#else
#define IS_NEXT(t) (changed[t] > known[g] && (x == TAPS || changed[t] < changed[x]))
#endif
inline ANSWER() {
    x = TAPS;
    t = 0;
    do
    :: t < TAPS ->
        if
        :: IS_NEXT(t) -> x = t
        :: else
        fi;
        t++
    :: else -> break
    od;
    if
    :: x < TAPS ->
        page[g * TAPS + x] = seat[x];
        known[g] = changed[x];
        if
        :: seat[x] != 0 -> EVENT(learned_new_tap)
        :: else
        fi
    :: else -> known[g] = change
    fi;
#if defined(MUTANT_TARGET_MOVES)
    target[g] = change;
#else
    target[g] = (target[g] == 0 -> change : target[g]);
#endif
    x = 0; t = 0;
#if LEASE < FRAMES /* or they never run short */
    ACCEPT();
    through[g] = accepted + LEASE
#endif
}

/* ============================================= generations ============================================= */

/* Stream::make_generation(): up to `segment` */
inline MAKE_GENERATION() {
    first[g] = next;
    memory[HEAD(g)] = next - 1;
    memory[SEATING(g)] = change; /* Generation::create() */
    accepted = next - 1;
    through[g] = accepted + LEASE;
    closed = 0
}

/* Stream::open_generation(), when the publisher has `mapped` it */
inline ANNOUNCE() {
#if !defined(MUTANT_OLD_SEGMENT)
    announced = g;
#endif
    unannounced = 0
}

/* Stream::close_generation() */
inline CLOSE_GENERATION(beyond) {
    ACCEPT();
    closed_at[g] = accepted;
    next = beyond + 1;
    closed = 1
}

proctype Daemon() {
    byte g;              /* the newest generation */
    bit closed, unannounced;
    byte next;           /* next_sequence_ */
    byte accepted;       /* accepted_ */
    byte change;         /* the newest of who taps */
    byte changed[TAPS];  /* of each seat, its last one */
    byte seat[TAPS];     /* session + 1 that has it */
    byte sessions;       /* so far */
    byte t, x;
    d_step { next = 1; MAKE_GENERATION() }
end:
    do
    /* Broker::on_publisher_message(): ask */
    :: d_step { !closed && asked[g] -> asked[g] = 0; ANSWER() }
    /* Stream::on_source_exit(): the publisher is reaped */
#if PUBLISHER_DEATHS
    :: d_step { !closed && publisher_dead[g] -> CLOSE_GENERATION(accepted) }
#endif
#if CUTS
    /* Stream::lose_publisher(): its connection has ended, the process may live */
    :: d_step {
            !closed && g + 1 < GENERATIONS && !publisher_dead[g] ->
#if defined(MUTANT_BASE_TOO_LOW)
            CLOSE_GENERATION(accepted)
#else
            CLOSE_GENERATION(through[g])
#endif
        }
#endif
#if GENERATIONS > 1
    :: d_step { closed && g + 1 < GENERATIONS -> g++; MAKE_GENERATION(); unannounced = 1 }
    :: d_step { unannounced -> ANNOUNCE() }
#endif
#if RESIZES
    /* Stream::make_generation() in mid-run: it has published nothing since. It still knows what it knew */
    :: d_step {
            !closed && g + 1 < GENERATIONS && needs[g] && !asked[g] ->
            CLOSE_GENERATION(accepted);
            g++;
            MAKE_GENERATION();
            unannounced = 1;
            known[g] = known[g - 1];
            t = 0;
            do
            :: t < TAPS ->
#if !defined(MUTANT_PAGES_FORGOTTEN)
                page[g * TAPS + t] = page[(g - 1) * TAPS + t];
#endif
                if
                :: page[g * TAPS + t] != 0 -> EVENT(pages_kept)
                :: else
                fi;
                t++
            :: else -> break
            od;
            t = 0
        }
#endif
    :: SEAT(0)
#if TAPS > 1
    :: SEAT(1)
#endif
#if TAP_DEATHS || HANG_UPS
    :: HEAR_HANG_UP(0)
#if TAPS > 1
    :: HEAR_HANG_UP(1)
#endif
#endif
#if DISMISSALS
    :: DISMISS(0)
#if TAPS > 1
    :: DISMISS(1)
#endif
#if defined(MUTANT_DISMISSED_UNTIL_ZERO)
    :: d_step {
            SITS(0) && dismissed[0] && seat[0] != 0 && memory[PIN(session[0], 0)] == 0 &&
                memory[PIN(session[0], PINS - 1)] == 0 ->
            LEAVE_SEAT(0)
        }
#endif
#endif
    od
}
