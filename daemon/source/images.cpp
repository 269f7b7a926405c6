#include "daemon/source/images.h"

#include <algorithm>
#include <opencv2/imgcodecs.hpp>

#include "daemon/source/image_header.h"
#include "daemon/source/slot_mat.h"
#include "daemon/source/times.h"

namespace camtap::source {

namespace {

Next wait_until(int64_t ns, int fd) {
    Next next;
    next.kind = Next::Kind::wait;
    next.until_ns = ns;
    next.fd = fd;
    return next;
}

// OpenCV throws only for bugs and for lack of memory here; both end as "no picture", with its words.
std::string decode(const std::vector<uint8_t>& file, cv::Mat& into) try {
    cv::imdecode(file, cv::IMREAD_UNCHANGED, &into);
    return into.empty() ? "can't be decoded" : "";
} catch (const std::exception& e) {
    into.release();
    return std::string("can't be decoded: ") + e.what();
}

}  // namespace

Status ImagesSource::open() {
    Result<ImageDirectory> directory = ImageDirectory::open(options_.path);
    if (!directory) return directory.error();
    directory_ = std::move(*directory);
    if (options_.watch) {  // before the first look, so that nothing falls between
        Result<DirectoryWatch> watch = DirectoryWatch::open(directory_->fd());
        if (!watch) return watch.error();
        watch_ = std::move(*watch);
    }
    Result<std::vector<std::string>> names = directory_->list();
    if (!names) return names.error();
    if (names->empty() && !watch_)
        return Error{Code::invalid, 0, "images: no images in " + directory_->words()};
    timed_names_ = *names;
    if (!options_.times.empty()) {
        if (Status status = match_times(); !status) return status;
    }
    begin_round(*names);
    return Done{};
}

Status ImagesSource::match_times() {
    Result<std::vector<int64_t>> times = read_times(options_.times);
    if (!times) return times.error();
    times_ = std::move(*times);
    if (times_.size() == timed_names_.size()) return Done{};
    return Error{Code::invalid, 0,
                 "images: " + options_.times + " has " + std::to_string(times_.size()) + " times for the " +
                     std::to_string(timed_names_.size()) + " images in " + directory_->words()};
}

void ImagesSource::begin_round(const std::vector<std::string>& names) {
    if (!times_.empty() && position_ > 0) {
        // The last image stays as long as the one before it did.
        const size_t n = times_.size();
        const int64_t last_ns = n > 1 ? times_[n - 1] - times_[n - 2] : frame_offset_ns(1, options_.fps);
        round_offset_ns_ += times_[n - 1] + last_ns;
    }
    for (size_t i = 0; i < names.size(); ++i) pending_.push_back({names[i], i});
    round_size_ = names.size();
    round_bad_ = 0;
}

// Nothing is pending any more.
Result<Next> ImagesSource::after_round() {
    const bool all_bad = round_size_ > 0 && round_bad_ == round_size_;
    if (!options_.loop && watch_) return wait_until(kNever, watch_->fd());
    if (options_.loop) {
        Result<std::vector<std::string>> names = directory_->list();
        if (!names) return names.error();
        if (names->empty() && watch_) return wait_until(kNever, watch_->fd());
        if (names->empty()) {
            return Error{Code::invalid, 0, "images: no images left in " + directory_->words()};
        }
        if (!all_bad || watch_) {
            begin_round(times_.empty() ? *names : timed_names_);
            return Next{};  // no frame, and no reason to wait: the caller looks again
        }
    }
    if (all_bad) {
        return Error{Code::invalid, 0,
                     "images: none of the " + std::to_string(round_size_) + " images in " +
                         directory_->words() + " can be read; the last one: " + last_fault_};
    }
    Next next;
    next.kind = Next::Kind::ended;
    return next;
}

// Something to tell, or nothing; new files are pending afterwards.
std::optional<Next> ImagesSource::take_news() {
    DirectoryWatch::News news = watch_->drain();
    if (news.gone) {
        watch_fault_ =
            Error{Code::invalid, 0, "images: the directory " + directory_->path() + " was removed"};
        return std::nullopt;
    }
    if (!options_.loop) {  // a loop looks at the whole directory again anyway
        for (std::string& name : news.names) {
            const auto same = [&](const Item& item) { return item.name == name; };
            if (!directory_->matches(name) || std::any_of(pending_.begin(), pending_.end(), same)) continue;
            pending_.push_back({std::move(name), 0, true});
        }
        if (news.overflow) {
            Next next;
            next.kind = Next::Kind::skipped;
            next.source_gap = 1;  // at least
            next.text = "so many files came at once that the kernel lost count: some are not shown";
            return next;
        }
    }
    return std::nullopt;
}

int64_t ImagesSource::offset_ns(const Item& item) const {
    if (times_.empty()) return frame_offset_ns(position_, options_.fps);
    return round_offset_ns_ + times_[item.index];
}

Result<Next> ImagesSource::next(int64_t now_ns) {
    spare_.release();
    if (watch_) {
        if (std::optional<Next> news = take_news()) return *news;
        if (watch_fault_) return *watch_fault_;
    }
    if (pending_.empty()) {
        Result<Next> next = after_round();
        if (!next || pending_.empty()) return next;
    }
    const int64_t due_ns = clock_.due_ns(offset_ns(pending_.front()), now_ns);
    if (due_ns > now_ns) return wait_until(due_ns, -1);
    const Item item = std::move(pending_.front());
    pending_.pop_front();
    capture_ns_ = item.has_come ? now_ns : due_ns;
    capture_origin_ = item.has_come ? CAMTAP_ORIGIN_READ_RETURN : CAMTAP_ORIGIN_FILE;
    source_sequence_ = position_++;
    return load(item);
}

Next ImagesSource::bad(Next::Kind kind, std::string text) {
    round_bad_ += 1;
    last_fault_ = text;
    Next next;
    next.kind = kind;
    next.text = std::move(text);
    return next;
}

Next ImagesSource::load(const Item& item) {
    std::string text;
    file_name_ = item.name;
    switch (directory_->read(item.name, options_.max_file_bytes, file_, text)) {
        case ImageDirectory::Found::vanished:
            return bad(Next::Kind::skipped, item.name + " is not there any more");
        case ImageDirectory::Found::no_file:
            return bad(Next::Kind::skipped, text);
        case ImageDirectory::Found::file:
            break;
    }
    const Result<ImageHeader> header = read_image_header(file_);
    if (!header) return bad(Next::Kind::lost, item.name + " " + header.error().message);
    if (header->pixels() > options_.max_pixels) {
        return bad(Next::Kind::lost, item.name + " has " + std::to_string(header->width) + " x " +
                                         std::to_string(header->height) + " pixels, more than max_pixels (" +
                                         std::to_string(options_.max_pixels) + ")");
    }
    Next next;
    next.kind = Next::Kind::frame;
    next.bytes = header->pixels() * header->channels * ((header->depth_bits + 7u) / 8u);
    return next;
}

Frame ImagesSource::read(const Target& target) {
    Frame frame;
    frame.capture_ns = capture_ns_;
    frame.capture_origin = capture_origin_;
    frame.source_sequence = source_sequence_;
    SlotMat slot(target);
    std::string fault;
    cv::Mat& picture = spare_.empty() ? slot.mat() : spare_;
    if (spare_.empty()) fault = decode(file_, picture);
    if (fault.empty()) settle(picture, target, frame);
    if (!fault.empty()) frame.text = file_name_ + " " + fault;
    if (frame.kind == Frame::Kind::lost) {
        bad(Next::Kind::lost, frame.text);
    } else if (frame.kind == Frame::Kind::larger && spare_.empty()) {
        spare_ = picture;
        spare_.allocator = nullptr;  // the slot's goes with this call
    }
    return frame;
}

void ImagesSource::close() {
    spare_.release();
    pending_.clear();
    watch_.reset();
    directory_.reset();
}

}  // namespace camtap::source
