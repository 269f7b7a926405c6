// Something that is published into and has readers: a stream of camtap, or the bare futex beside it.
#pragma once

#include "readers.h"

namespace camtap::bench {

class Lane {
  public:
    virtual ~Lane() = default;

    void publish(bool recorded) { send(Stamp{0, ++number_, recorded ? 1u : 0u}); }
    bool everybody_has_it() const { return readers().have(number_); }
    virtual Readers& readers() = 0;
    const Readers& readers() const { return const_cast<Lane*>(this)->readers(); }

  protected:
    // Fills in the time, as the last thing before it publishes.
    virtual void send(Stamp stamp) = 0;

  private:
    uint64_t number_ = 0;
};

}  // namespace camtap::bench
