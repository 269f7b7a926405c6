// What the code under exploration works on: atomic words, plain memory and messages between threads.
#pragma once

#include <string>

#include "explorer.h"

namespace camtap::weak {

// Stands for std::atomic. Like it, but every operation is the explorer's.
class Word {
  public:
    Word(Explorer& explorer, const char* name, uint64_t initial = 0)
        : Word(explorer, name, std::string(name), initial) {}
    // One of many: they have one `role`, but each its own name.
    Word(Explorer& explorer, const char* role, const std::string& name, uint64_t initial)
        : explorer_(&explorer), role_(role), location_(explorer.add_location(name, initial)) {}

    // The default arguments name the place of the call.
    uint64_t load(std::memory_order order, const char* file = __builtin_FILE(),
                  const char* function = __builtin_FUNCTION(), unsigned line = __builtin_LINE()) const {
        return perform(Kind::load, order, 0, {file, function, line});
    }
    void store(uint64_t value, std::memory_order order, const char* file = __builtin_FILE(),
               const char* function = __builtin_FUNCTION(), unsigned line = __builtin_LINE()) {
        perform(Kind::store, order, value, {file, function, line});
    }
    uint64_t exchange(uint64_t value, std::memory_order order, const char* file = __builtin_FILE(),
                      const char* function = __builtin_FUNCTION(), unsigned line = __builtin_LINE()) {
        return perform(Kind::exchange, order, value, {file, function, line});
    }
    uint64_t fetch_add(uint64_t value, std::memory_order order, const char* file = __builtin_FILE(),
                       const char* function = __builtin_FUNCTION(), unsigned line = __builtin_LINE()) {
        return perform(Kind::fetch_add, order, value, {file, function, line});
    }

  private:
    struct Place {
        const char* file;
        const char* function;
        unsigned line;
    };

    uint64_t perform(Kind kind, std::memory_order order, uint64_t operand, const Place& at) const {
        return explorer_->perform({kind, Order::of(order), location_, operand, at.function},
                                  {at.file, at.function, at.line, role_, kind, order});
    }

    Explorer* explorer_;
    const char* role_;
    uint8_t location_;
};

// Memory that isn't atomic: a payload. Unordered accesses to it are an error.
class Cell {
  public:
    Cell(Explorer& explorer, const std::string& name)
        : explorer_(&explorer), location_(explorer.add_location(name, 0)) {}
    uint64_t read() const { return explorer_->perform({Kind::plain_read, {}, location_, 0, ""}, {}); }
    void write(uint64_t value) { explorer_->perform({Kind::plain_write, {}, location_, value, ""}, {}); }

  private:
    Explorer* explorer_;
    uint8_t location_;
};

// A socket with one sender and one receiver, who waits for the next message.
class Channel {
  public:
    Channel(Explorer& explorer, const std::string& name)
        : explorer_(&explorer), location_(explorer.add_location(name, 0)) {}
    void send(uint64_t message) {
        explorer_->perform({Kind::send, {false, true, false}, location_, message, ""}, {});
    }
    // The message with this number; the first one has number 1.
    uint64_t receive(uint64_t number) {
        return explorer_->perform({Kind::receive, {true, false, false}, location_, number, ""}, {});
    }

  private:
    Explorer* explorer_;
    uint8_t location_;
};

}  // namespace camtap::weak
