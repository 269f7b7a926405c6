/* The taps and publishers of sharing.pml. */

/* ================================================= tap ================================================= */

#define MAY_CLAIM(t) (hold[(t) * PINS] == 0 || hold[(t) * PINS + PINS - 1] == 0)
#define HOLDS(t) (hold[(t) * PINS] != 0 || hold[(t) * PINS + PINS - 1] != 0)
#define OPEN 255

/* Session::release(). The claim on the word ends with the hold. */
#define RELEASE(t, w) \
    d_step { \
        hold[(t) * PINS + (w)] != 0 && ROOM_FOR(1, TAP(t)) -> \
        hold[(t) * PINS + (w)] = 0; \
        STORE(TAP(t), PIN(session[t], w), 0) \
    }

proctype Tap(byte t) {
    byte g;         /* the generation that it reads */
    bit mapped;     /* it has one */
    byte last;      /* Timeline: the last number that counts in it */
    byte passed;    /* delivered or given up */
    byte delivered; /* the number that it got last */
    byte n, s, w, x;
    last = OPEN;
end_unattached:
    /* Attachment::take_synced(), for the first time in this session. Only a generation that the daemon has named to
     * this session is read with it: what is left of an older one is given up. */
    atomic {
        life[t] == seated ->
        d_step {
            life[t] = alive;
            if
#if HANG_UPS
            :: mapped && g == announced -> EVENT(confirmed)
#if GENERATIONS > 1
            :: mapped && g < announced ->
                EVENT(left_behind);
#if !defined(MUTANT_UNCONFIRMED)
                g = announced;
                passed = first[g] - 1;
                last = OPEN
#endif
#endif
#endif
            :: !mapped ->
                mapped = 1;
                g = announced;
                passed = first[g] - 1
            fi
        }
    }
    {
end:    do
        /* Timeline::next(), newest(); Session::claim() */
        :: atomic {
                MAY_CLAIM(t) && memory[HEAD(g)] > passed && last > passed ->
                x = (memory[HEAD(g)] < last -> memory[HEAD(g)] : last);
                n = (passed + INDEX < x + 1 -> x + 1 - INDEX : passed + 1);
                do
                :: n < x -> n++ /* newest(), or next() that has found n gone */
                :: break
                od;
                x = 0;
                w = (hold[t * PINS] == 0 -> 0 : PINS - 1)
            }
            /* TapSegment::try_pin() */
            d_step { LOAD(TAP(t), INDEXED(g, n), s) }
#if defined(MUTANT_CHECK_BEFORE_PIN)
            d_step { LOAD(TAP(t), SEQUENCE(g, s), x) }
#endif
            /* pins::try_pin() */
#if defined(MUTANT_PIN_RELEASED)
            d_step { ROOM_FOR(2, TAP(t)) -> STORE(TAP(t), PIN(session[t], w), PIN_VALUE(g, s)) }
#else
            d_step { LOCKED_STORE(TAP(t), PIN(session[t], w), PIN_VALUE(g, s)) }
#endif
            d_step {
#if defined(MUTANT_NO_CHECK)
                x = n;
#elif !defined(MUTANT_CHECK_BEFORE_PIN)
                LOAD(TAP(t), SEQUENCE(g, s), x);
#endif
                if
                :: x == n ->
                    NEVER(torn_frame, memory[PAYLOAD(g, s)] != n);
                    NEVER(number_went_back, n <= delivered);
                    delivered = n;
                    passed = n;
#if defined(MUTANT_UNPIN_BEFORE_READ)
                    STORE(TAP(t), PIN(session[t], w), 0);
#endif
                    hold[t * PINS + w] = PIN_VALUE(g, s)
                :: else ->
                    EVENT(pin_refused);
                    STORE(TAP(t), PIN(session[t], w), 0)
                fi;
                n = 0; s = 0; w = 0; x = 0
            }
        :: RELEASE(t, 0)
#if PINS > 1
        :: RELEASE(t, 1)
#endif
#if GENERATIONS > 1
        /* Attachment::take_synced(), Timeline::add(); then what is left of the old generation may be read */
        :: d_step { last == OPEN && g < announced -> last = closed_at[g] }
        /* Timeline::drop_first() */
        :: d_step {
                last != OPEN ->
                EVENT(moved_on);
                if
                :: HOLDS(t) -> EVENT(old_frame_held)
                :: else
                fi;
                g++;
                passed = first[g] - 1;
                last = OPEN
            }
#endif
#if HANG_UPS
        /* Session::~Session(), with nothing held. The tap lives, and wants another session */
        :: d_step {
                hang_ups < HANG_UPS && !HOLDS(t) && DRAINED(TAP(t)) ->
                hang_ups++;
                life[t] = gone
            }
            break
#endif
        od
    } unless {
        /* another process in its place, with a session and a page of its own */
        d_step {
            life[t] == killed ->
            EVENT(attached_again);
            life[t] = gone;
            g = 0; mapped = 0; passed = 0; delivered = 0;
            last = OPEN;
            n = 0; s = 0; w = 0; x = 0
        }
    };
#if TAP_DEATHS || HANG_UPS
    goto end_unattached
#endif
}

/* ============================================== publisher ============================================== */

#if defined(MUTANT_OLD_SEGMENT)
#define IS_ORPHAN 0
#else
#define IS_ORPHAN (g < announced)
#endif

/* It may fill another slot at once. */
#define MAY_TAKE (held < STOCK && frames < FRAMES)
#define HAS_NUMBERS (n + held <= through[g])
#define ALL_WORDS (TAPS * PINS + LIES)

inline TAKE() {
    frames++;
    stacked--;
    hands[held] = stack[stacked];
    stack[stacked] = 0;
    held++
}

/* The oldest visible frame, for pins::retire() */
inline TAKE_OLDEST() {
    s = visible[0];
    seen--;
    x = 0;
    do
    :: x < seen -> visible[x] = visible[x + 1]; x++
    :: else -> break
    od;
    visible[seen] = 0;
    x = 0;
    retired = retired | BIT(s)
}

/* Publisher::recycle(): pins::newest_seating(); Publisher::send_ask() */
#if defined(MUTANT_SEATING_IGNORED)
#define SEATING_LOADED() x = known[g]
#elif defined(MUTANT_SEATING_BEFORE_RETIRING)
#define SEATING_LOADED() x = early - 1
#else
#define SEATING_LOADED() LOAD(PUBLISHER(g), SEATING(g), x)
#endif
inline ASK_OR_LOOK() {
    SEATING_LOADED();
    if
    :: retired == 0 && HAS_NUMBERS -> looks = 1; w = ALL_WORDS /* nothing to look for */
    :: retired != 0 && x == known[g] && HAS_NUMBERS -> looks = 1; SKIP_EMPTY_SEATS()
    :: else ->
        EVENT(asked);
        if
        :: x == known[g] -> EVENT(numbers_ran_short)
        :: else
        fi;
        question = 1;
        asked[g] = 1
    fi;
    x = 0
}

/* pins::snapshot() of word w */
#define PAGE page[g * TAPS + w / PINS]
inline LOOK_AT_WORD() {
    LOAD(PUBLISHER(g), PIN(PAGE - 1, w % PINS), x);
#if TAP_DEATHS || HANG_UPS
    NEVER(pin_outlived_tap, x != 0 && hung_up[PAGE - 1] != 0 && hung_up[PAGE - 1] <= known[g]);
    if
    :: x != 0 && hung_up[PAGE - 1] != 0 -> EVENT(dead_page_honoured)
    :: else
    fi
#endif
}
inline SKIP_EMPTY_SEATS() {
    do
    :: w < TAPS * PINS && PAGE == 0 -> w++
    :: else -> break
    od
}

/* The second half of SlotPool::free_unpinned(). Where slots were filled while it asked, older ones may still have to be
 * retired: the next pass does. */
inline FREE() {
    s = 0;
    do
    :: s < SLOTS ->
        if
        :: (retired & BIT(s)) != 0 && (pinned & BIT(s)) == 0 ->
            EVENT(used_again);
            if
            :: IS_ORPHAN -> EVENT(orphan_freed_a_slot)
            :: else
            fi;
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
    pinned = 0;
    NEVER(no_slot_free, stacked == 0 && held < STOCK && seen <= DEPTH)
}

/* When the publisher does what: it begins a pass if it wants a slot and no question is outstanding. */
#define BEGINS (!looks && question == 0 && MAY_TAKE)
#if defined(MUTANT_RETIRED_WHILE_ASKING)
#define RETIRES (!looks && seen > DEPTH)
#elif defined(MUTANT_SNAPSHOT_FIRST)
#define RETIRES (BEGINS && w == ALL_WORDS && seen > DEPTH)
#elif defined(MUTANT_SEATING_BEFORE_RETIRING)
#define RETIRES (BEGINS && early != 0 && seen > DEPTH)
#else
#define RETIRES (BEGINS && seen > DEPTH)
#endif
#if defined(MUTANT_SNAPSHOT_FIRST)
#define HAS_RETIRED (BEGINS && w == ALL_WORDS && seen <= DEPTH)
#define SNAPS (BEGINS && w < ALL_WORDS)
#elif defined(MUTANT_SEATING_BEFORE_RETIRING)
#define HAS_RETIRED (BEGINS && early != 0 && seen <= DEPTH)
#define SNAPS looks
#else
#define HAS_RETIRED (BEGINS && seen <= DEPTH)
#define SNAPS looks
#endif
#if defined(MUTANT_FREE_BLINDLY)
#define FREES looks
#else
#define FREES (looks && w == ALL_WORDS)
#endif

/* One process for each generation: a publisher that gets a new one has nothing more to say in the old. */
proctype Publisher(byte g) {
    byte n;
    short retired, pinned; /* one bit for each slot; pinned: named in the snapshot */
    byte visible[SLOTS];   /* oldest first */
    byte seen;             /* how many of them */
    byte stack[SLOTS];     /* free slots; the one freed last on top */
    byte stacked;
    byte hands[STOCK];     /* slots being filled */
    byte held;
    byte question;         /* how often it has asked, and doesn't know enough yet; 0: none is outstanding */
    bit looks;             /* at the words, as it knows all seats that it must */
    byte s, w, x;
#if defined(MUTANT_SEATING_BEFORE_RETIRING)
    byte early;
#endif
end_not_begun:
    d_step {
        first[g] != 0 ->
        n = first[g];
        do
        :: stacked < SLOTS -> stack[stacked] = SLOTS - 1 - stacked; stacked++
        :: else -> break
        od
    }
    {
end:    do
#if defined(MUTANT_SEATING_BEFORE_RETIRING)
        :: d_step { BEGINS && early == 0 -> early = memory[SEATING(g)] + 1 }
#endif
        /* Publisher::recycle(): SlotPool::retire_old_frames(), pins::retire() */
#if defined(MUTANT_RETIRE_RELEASED)
        :: d_step {
                RETIRES && ROOM_FOR(1, PUBLISHER(g)) ->
                TAKE_OLDEST();
                STORE(PUBLISHER(g), SEQUENCE(g, s), 0);
                s = 0
            }
#elif defined(MUTANT_NO_ZERO)
        :: d_step { RETIRES -> TAKE_OLDEST(); s = 0 }
#else
        :: d_step { RETIRES && DRAINED(PUBLISHER(g)) -> TAKE_OLDEST(); memory[SEQUENCE(g, s)] = 0; s = 0 }
#endif
        :: d_step { HAS_RETIRED -> ASK_OR_LOOK() }
        /* Publisher::take_seat(): it asks on, or knows enough. It doesn't look at `seating` again */
        :: d_step {
                question > 0 && !asked[g] ->
                if
#if !defined(MUTANT_ONE_ANSWER)
                :: known[g] < target[g] ->
                    EVENT(asked_on);
                    question++;
                    NEVER(asked_for_ever, question > TAPS);
                    asked[g] = 1
#endif
                :: else ->
                    if
                    :: memory[SEATING(g)] != known[g] -> EVENT(change_came_meanwhile)
                    :: else
                    fi;
                    question = 0;
                    target[g] = 0;
                    looks = 1;
                    SKIP_EMPTY_SEATS()
                fi
            }
        /* SlotPool::free_unpinned(), first half */
#if defined(MUTANT_SLOT_BY_SLOT)
        :: d_step {
                looks && w < ALL_WORDS ->
                do
                :: s < SLOTS && (retired & BIT(s)) == 0 -> s++
                :: else -> break
                od;
                if
                :: s < SLOTS ->
                    LOOK_AT_WORD();
                    if
                    :: x == PIN_VALUE(g, s) -> pinned = pinned | BIT(s)
                    :: else
                    fi;
                    x = 0;
                    w++;
                    SKIP_EMPTY_SEATS();
                    if
                    :: w == ALL_WORDS && s < SLOTS - 1 -> w = 0; s++; SKIP_EMPTY_SEATS()
                    :: else
                    fi
                :: else -> w = ALL_WORDS
                fi
            }
#else
        :: d_step {
                SNAPS && w < TAPS * PINS ->
                SKIP_EMPTY_SEATS();
                if
                :: w < TAPS * PINS ->
                    LOOK_AT_WORD();
                    if
                    :: x > SEGMENT_OF(g) * SLOTS && x <= SEGMENT_OF(g) * SLOTS + SLOTS ->
                        pinned = pinned | BIT(x - 1 - SEGMENT_OF(g) * SLOTS)
                    :: else
                    fi;
                    x = 0;
                    w++;
                    SKIP_EMPTY_SEATS()
                :: else
                fi
            }
#endif
#if LIES
        :: atomic {
                looks && w >= TAPS * PINS && w < ALL_WORDS ->
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
        /* second half; and Publisher::try_acquire() takes one */
        :: d_step {
                FREES ->
                looks = 0;
                w = 0;
                FREE();
                if
                :: MAY_TAKE && HAS_NUMBERS && stacked > 0 -> TAKE()
                :: else
                fi
#if defined(MUTANT_SEATING_BEFORE_RETIRING)
                ;
                early = 0
#endif
            }
        /* Publisher::try_acquire() while a question is outstanding: one of those that are free already */
        :: d_step { question > 0 && MAY_TAKE && HAS_NUMBERS && stacked > 0 -> EVENT(filled_meanwhile); TAKE() }
        :: d_step {
                !looks && held > 0 && DRAINED(PUBLISHER(g)) ->
                /* The caller fills the slot; WritableSegment::publish() up to head. Nothing is loaded in between, so
                 * all can go into the buffer at once. */
                s = hands[0];
                held--;
                x = 0;
                do
                :: x < held -> hands[x] = hands[x + 1]; x++
                :: else -> break
                od;
                hands[held] = 0;
                x = 0;
#if !defined(MUTANT_HEAD_FIRST)
                STORE(PUBLISHER(g), PAYLOAD(g, s), 0);
                STORE(PUBLISHER(g), PAYLOAD(g, s), n);
#endif
                STORE(PUBLISHER(g), SEQUENCE(g, s), n);
                STORE(PUBLISHER(g), INDEXED(g, n), s)
            }
            d_step {
                LOCKED_STORE(PUBLISHER(g), HEAD(g), n);
#if defined(MUTANT_HEAD_FIRST)
                STORE(PUBLISHER(g), PAYLOAD(g, s), 0);
                STORE(PUBLISHER(g), PAYLOAD(g, s), n);
#endif
                NEVER(number_again, (published & BIT(n)) != 0);
                published = published | BIT(n);
                if
                :: IS_ORPHAN -> EVENT(late_frame)
                :: else
                fi;
                visible[seen] = s;
                seen++;
                s = 0;
                n++
            }
#if RESIZES
        /* Publisher::send_need(): from its answer on, it has nothing to do with this generation any more */
        :: d_step { !looks && g + 1 < GENERATIONS -> needs[g] = 1 }
            break
#endif
        od
    } unless {
        publisher_dead[g]
    }
}
