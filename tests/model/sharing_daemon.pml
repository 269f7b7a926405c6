/* The daemon of sharing.pml: slot_pool.cpp, and what stream*.cpp and broker.cpp do around it. */

/* =============================================== daemon ================================================ */

/* SlotPool::accept(). In one step: these words don't change until the slot is granted again. */
inline ACCEPT() {
    LOAD(DAEMON, HEAD(g), head);
    NEVER(honest_one_blamed, head < accepted || head - accepted > away);
    do
    :: accepted < head ->
        accepted++;
        LOAD(DAEMON, INDEXED(g, accepted), s);
        LOAD(DAEMON, SEQUENCE(g, s), n);
        NEVER(honest_one_blamed, (hands & BIT(s)) == 0 || n != accepted);
        hands = hands - BIT(s);
        away--;
        visible[seen] = s;
        seen++
    :: else -> break
    od;
    head = 0; s = 0; n = 0
}

/* SlotPool::grant(), its second half */
inline GRANT() {
    do
    :: away < STOCK && stacked > 0 ->
        stacked--;
        s = stack[stacked];
        stack[stacked] = 0;
        hands = hands | BIT(s);
        away++;
        granted[g]!s
    :: else -> break
    od;
    s = 0;
    NEVER(no_slot_free, away < STOCK)
}

/* pins::retire() of the oldest visible frame */
inline TAKE_OLDEST() {
    s = visible[0];
    seen--;
    n = 0;
    do
    :: n < seen -> visible[n] = visible[n + 1]; n++
    :: else -> break
    od;
    visible[seen] = 0;
    n = 0;
    retired = retired | BIT(s)
}

/* pins::snapshot() of one word */
inline LOOK_AT(word) {
    LOAD(DAEMON, PIN(0, word), n);
    NEVER(pin_outlived_tap, hung_up[(word) / PINS] && n != 0);
    if
    :: n > SEGMENT_OF(g) * SLOTS && n <= SEGMENT_OF(g) * SLOTS + SLOTS ->
        pinned = pinned | BIT(n - 1 - SEGMENT_OF(g) * SLOTS)
    :: else
    fi;
#if defined(MUTANT_DISMISSED_UNTIL_ZERO)
    if
    :: n != 0 -> in_use = in_use | BIT((word) / PINS)
    :: else
    fi;
#endif
    n = 0
}

/* The first half of SlotPool::free_unpinned() */
inline SNAPSHOT() {
    do
    :: d_step {
            w < TAPS * PINS ->
            if
            :: listed[w / PINS] -> LOOK_AT(w)
            :: else
            fi;
            w++
        }
#if LIES
    :: w >= TAPS * PINS && w < TAPS * PINS + LIES ->
        atomic {
            w++;
            if
            :: true
            :: true ->
                do
                :: (retired & BIT(s)) != 0 -> pinned = pinned | BIT(s); break
                :: s < SLOTS - 1 -> s++
                :: s == SLOTS - 1 -> break
                od;
                s = 0
            fi
        }
#endif
    :: w == TAPS * PINS + LIES -> w = 0; break
    od
}

/* Its second half */
inline FREE() {
    s = 0;
    do
    :: s < SLOTS ->
        if
        :: (retired & BIT(s)) != 0 && (pinned & BIT(s)) == 0 ->
            EVENT(used_again);
            retired = retired - BIT(s);
            stack[stacked] = s;
            stacked++
        :: (retired & BIT(s)) != 0 && (pinned & BIT(s)) != 0 -> EVENT(kept_by_pin)
        :: else
        fi;
        s++
    :: else -> break
    od;
    s = 0;
    pinned = 0
}

/* Stream::make_generation(), open_generation(), and the first grant */
inline OPEN_GENERATION() {
    first[g] = next;
    memory[HEAD(g)] = next - 1;
    accepted = next - 1;
    closed = 0;
    hands = 0; retired = 0; away = 0; seen = 0; stacked = 0;
    s = 0;
    do
    :: s < DEPTH + STOCK -> visible[s] = 0; s++
    :: else -> break
    od;
    do
    :: stacked < SLOTS -> stack[stacked] = SLOTS - 1 - stacked; stacked++
    :: else -> break
    od;
    GRANT();
#if !defined(MUTANT_OLD_SEGMENT)
    announced = g;
#endif
}

/* Stream::close_generation() */
inline CLOSE_GENERATION(skipped) {
    ACCEPT();
    closed_at[g] = accepted;
    next = accepted + 1 + skipped;
    closed = 1
}

/* Broker::end(), Stream::remove_tap() */
#if defined(MUTANT_PAGE_KEPT)
#define FORGET(t)
#else
#define FORGET(t) listed[t] = 0;
#endif
#define HEAR_HANG_UP(t) d_step { life[t] == replaced && !hung_up[t] -> FORGET(t) hung_up[t] = 1 }

/* Broker::welcome_tap(), with a page of its own; max_taps lets it in only then */
#if DISMISSALS
#define NEW_SESSION(t) dismissed[t] = 0;
#else
#define NEW_SESSION(t)
#endif
#define WELCOME(t) \
    d_step { \
        hung_up[t] -> \
        hung_up[t] = 0; listed[t] = 1; life[t] = welcomed; NEW_SESSION(t) \
        memory[PIN(t, 0)] = 0; memory[PIN(t, PINS - 1)] = 0 \
    }

/* Broker::dismiss(): it is heard no more; its pins go on counting */
#if defined(MUTANT_DISMISSED_FORGOTTEN)
#define DISMISS(t) d_step { !dismissed[t] -> dismissed[t] = 1; listed[t] = 0 }
#else
#define DISMISS(t) d_step { !dismissed[t] -> dismissed[t] = 1 }
#endif

proctype Daemon() {
    byte g;                       /* the newest generation */
    bit closed;
    byte next;                    /* next_sequence_ */
    byte accepted;                /* accepted_ */
    short hands, retired, pinned; /* one bit for each slot: granted; retired; named in the snapshot */
    byte away;                    /* granted_ */
    byte visible[DEPTH + STOCK];  /* visible_, oldest first */
    byte seen;                    /* visible_count_ */
    byte stack[SLOTS];            /* free_ */
    byte stacked;
    byte head, n, s, w;
#if defined(MUTANT_DISMISSED_UNTIL_ZERO)
    byte in_use;
#endif
    d_step { next = 1; OPEN_GENERATION() }
end:
    do
    /* Stream::grant(), when the publisher asks */
    :: d_step { !closed && asked[g] -> asked[g] = 0; ACCEPT() }
#if defined(MUTANT_SNAPSHOT_FIRST)
        SNAPSHOT();
#endif
        /* SlotPool::retire_old_frames() */
        do
#if defined(MUTANT_RETIRE_RELEASED)
        :: d_step { seen > DEPTH -> TAKE_OLDEST(); STORE(DAEMON, SEQUENCE(g, s), 0); s = 0 }
#elif defined(MUTANT_NO_ZERO)
        :: d_step { seen > DEPTH -> TAKE_OLDEST(); s = 0 }
#else
        :: d_step { seen > DEPTH && DRAINED(DAEMON) -> TAKE_OLDEST(); memory[SEQUENCE(g, s)] = 0; s = 0 }
#endif
        :: seen <= DEPTH -> break
        od;
#if defined(MUTANT_SLOT_BY_SLOT)
        do
        :: s < SLOTS && (retired & BIT(s)) == 0 -> s++
        :: s < SLOTS && (retired & BIT(s)) != 0 ->
            do
            :: d_step {
                    w < TAPS * PINS ->
                    LOAD(DAEMON, PIN(0, w), n);
                    if
                    :: n == PIN_VALUE(g, s) -> pinned = pinned | BIT(s)
                    :: else
                    fi;
                    n = 0; w++
                }
            :: else -> w = 0; s++; break
            od
        :: s == SLOTS -> s = 0; break
        od;
#elif !defined(MUTANT_SNAPSHOT_FIRST) && !defined(MUTANT_GRANT_BLINDLY)
        SNAPSHOT();
#endif
        skip; /* Spin: a break must not jump into a d_step */
        d_step {
            DRAINED(DAEMON) -> /* by the message that grants */
            FREE();
#if defined(MUTANT_DISMISSED_UNTIL_ZERO)
            if
            :: dismissed[0] && (in_use & BIT(0)) == 0 -> listed[0] = 0
            :: else
            fi;
            in_use = 0;
#endif
            GRANT()
        }
    /* Stream::on_source_exit(): the publisher is reaped */
    :: d_step { !closed && publisher_dead[g] -> CLOSE_GENERATION(0) }
#if CUTS
    /* Stream::lose_publisher(): its connection has ended, the process may live */
    :: d_step {
            !closed && g + 1 < GENERATIONS && !publisher_dead[g] ->
#if defined(MUTANT_BASE_TOO_LOW)
            CLOSE_GENERATION(0)
#else
            CLOSE_GENERATION(away)
#endif
        }
#endif
#if GENERATIONS > 1
    :: d_step { closed && g + 1 < GENERATIONS -> g++; OPEN_GENERATION() }
#endif
#if TAP_DEATHS
    :: HEAR_HANG_UP(0)
    :: WELCOME(0)
#if TAPS > 1
    :: HEAR_HANG_UP(1)
    :: WELCOME(1)
#endif
#endif
#if DISMISSALS
    :: DISMISS(0)
#if TAPS > 1
    :: DISMISS(1)
#endif
#endif
    od
}
