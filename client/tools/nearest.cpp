#include "nearest.h"

#include <algorithm>
#include <numeric>

namespace camtap::tools {

size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<size_t> before_last;
    std::vector<size_t> last(b.size() + 1);
    std::iota(last.begin(), last.end(), size_t{0});
    for (size_t i = 1; i <= a.size(); ++i) {
        std::vector<size_t> now(b.size() + 1, i);
        for (size_t j = 1; j <= b.size(); ++j) {
            const size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            now[j] = std::min({last[j] + 1, now[j - 1] + 1, replaced});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) now[j] = std::min(now[j], before_last[j - 2] + 1);
        }
        before_last = std::move(last);
        last = std::move(now);
    }
    return last.back();
}

std::vector<std::string> nearest_first(std::string_view wanted, std::vector<std::string> names) {
    std::stable_sort(names.begin(), names.end(), [&](const std::string& a, const std::string& b) {
        return edit_distance(wanted, a) < edit_distance(wanted, b);
    });
    return names;
}

}  // namespace camtap::tools
