// The known word that somebody probably meant.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace camtap {

// Levenshtein's distance: how many letters to insert, delete or change.
inline size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<size_t> row(b.size() + 1);  // distances of a's beginning to every beginning of b
    for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (size_t i = 1; i <= a.size(); ++i) {
        size_t diagonal = std::exchange(row[0], i);
        for (size_t j = 1; j <= b.size(); ++j) {
            const size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row[b.size()];
}

// Empty if nothing is near: more than half of the letters would have to change.
inline std::string_view nearest(std::string_view word, std::span<const std::string_view> known) {
    std::string_view best;
    constexpr size_t kLongest = 64;  // the work is quadratic, and no known word is as long
    if (word.size() > kLongest) return best;
    size_t best_distance = (word.size() + 1) / 2 + 1;
    for (const std::string_view candidate : known) {
        const size_t distance = edit_distance(word, candidate);
        if (distance < best_distance) best = candidate, best_distance = distance;
    }
    return best;
}

}  // namespace camtap
