// Hostile publishers on the stage: how they end, and what an honest one finds after them.
#pragma once

#include "tests/hostile/stage.h"
#include "tests/hostile/victim.h"

namespace camtap::test {

struct Liars : Stage {
    using Stage::Stage;
    std::string path() const { return daemon.socket_path(); }

    // The daemon ended the publisher, and says why.
    void expect_ended(const std::string& words) const {
        EXPECT_TRUE(wait_until_vacant(daemon));
        const std::string reason = daemon.info("test").reason;
        EXPECT_NE(reason.find(words), std::string::npos) << reason;
    }
    // An honest publisher's frames come through to a tap that saw it all.
    void expect_recovery(Victim& victim) {
        victim.let_go();
        ASSERT_TRUE(wait_until_vacant(daemon));
        HonestPublisher honest(path(), "test");
        for (int i = 0; i < 20; ++i) {
            const uint64_t n = honest.publish();
            Got got = next(victim.handle());
            while (got.error == CAMTAP_ERROR_MALFORMED ||
                   (got.frame && got.info().image.bytes != kHonestBytes)) {
                got = next(victim.handle());  // what the other one has left
            }
            ASSERT_EQ(got.error, CAMTAP_OK) << camtap_last_error();
            EXPECT_EQ(got.sequence(), n);
            if (i > 0) {
                EXPECT_EQ(sum(got.info().missed), 0u);
            }
        }
        victim.expect_balance();
        paced(10);
    }
    // A publisher lies; then it asks for slots, pokes, or says nothing more: it is ended for `words` all the
    // same.
    void expect_ended_and_recovered(const std::function<void(HostilePublisher&)>& lie,
                                    const std::string& words) {
        Victim victim(path(), Victim::Way::next);
        enum { ask, poke, silence };
        for (const int after : {ask, poke, silence}) {
            ASSERT_TRUE(wait_until_vacant(daemon));
            HostilePublisher publisher(path());
            publisher.publish_honestly();
            EXPECT_EQ(victim.take(kLong), CAMTAP_OK);
            lie(publisher);
            publisher.wake();
            for (int i = 0; i < 5; ++i) (void)victim.take(0);
            if (after == ask) publisher.ask();
            if (after == poke) publisher.send(wire::make<wire::Poke>());
            expect_ended(words);
            paced(5);
            EXPECT_NE(publisher.next().kind, Datagram::Kind::nothing_yet);
        }
        expect_recovery(victim);
    }
};

}  // namespace camtap::test
